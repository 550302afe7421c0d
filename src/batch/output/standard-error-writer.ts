/** Writes to the pipe of standard error through the stream that also takes what functions print. */
import { fstatSync, type Stats } from 'node:fs';
import { Writable } from 'node:stream';
import { setImmediate } from '../../protocol/timers.js';
import { ByteWriter } from './byte-writer.js';

/** A program may have replaced that of its stream. */
const { write } = Writable.prototype;

/**
 * Whether a place is the pipe or socket to which standard error of this process leads. A second writer there
 * tears lines: a pipe that is nearly full takes a part of what it is given.
 */
export function isStandardErrorPipe(stats: Stats): boolean {
  if (!stats.isFIFO() && !stats.isSocket()) return false;
  try {
    const own = fstatSync(2);
    return own.dev === stats.dev && own.ino === stats.ino && process.stderr.fd === 2;
  } catch {
    return false;
  }
}

export class StandardErrorWriter extends ByteWriter {
  readonly #stream = process.stderr;
  /** Errors are this writer's to tell. Without a listener they would end the process. */
  readonly #listener = () => {};

  constructor(name: string, changed: () => void) {
    super(2, name, undefined, changed);
    this.#stream.on('error', this.#listener);
  }

  /** Nothing will be written any more. */
  close(): void {
    // The stream emits an error after the callback of its write.
    setImmediate(() => this.#stream.off('error', this.#listener));
  }

  protected override writeSome(buffers: Buffer[]): Promise<number> {
    const [bytes] = buffers as [Buffer];
    return new Promise((resolve, reject) => {
      // The encoding is that of strings.
      write.call(this.#stream, bytes, 'utf8', (error?: Error | null) => {
        if (error) reject(this.failureOf(error));
        else resolve(bytes.length);
      });
    });
  }
}
