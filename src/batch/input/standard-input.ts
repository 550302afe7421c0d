/** What standard input is, and how its bytes are had. */
import { createReadStream, fstatSync, readFileSync, type Stats } from 'node:fs';
import type { Readable } from 'node:stream';

/**
 * Bytes of it that have been read before, by the shell or whoever shares it; `undefined`: that is not known.
 * Only of a regular file.
 */
export function positionOfStdin(): number | undefined {
  try {
    const [, position] = /^pos:\s*(\d+)$/m.exec(readFileSync('/proc/self/fdinfo/0', 'latin1')) ?? [];
    return position === undefined ? undefined : Number(position);
  } catch {
    // Only Linux has it.
    return undefined;
  }
}

/** From where it is, to its end. Reading a directory fails. */
export function streamOfStdin(stats: Stats = fstatSync(0)): Readable {
  // For these `process.stdin` gives nothing, without an error.
  if (stats.isDirectory() || stats.isBlockDevice()) return createReadStream('', { fd: 0, autoClose: false });
  return process.stdin;
}
