/** Names of descriptors of this process, as `/dev/stdout`. */
import { resolve } from 'node:path';

const NUMBERED = /^\/(?:dev|proc\/(?:self|thread-self))\/fd\/(\d{1,9})$/;

/**
 * Which descriptor a path names. Where it leads to a regular file, others write there through the same
 * descriptor, before and after us: it is to be written to, not replaced, and not opened anew, which would begin
 * at the file's first byte.
 * @returns undefined: none
 */
export function ownDescriptor(path: string): number | undefined {
  const name = resolve(path);
  if (name === '/dev/stdout') return 1;
  if (name === '/dev/stderr') return 2;
  const digits = NUMBERED.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
