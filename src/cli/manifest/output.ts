import type { ByteString } from '../files/bytes.js';
import { Writer } from './writer.js';

/** The destination of the manifest. */
export interface Output {
  readonly writer: Writer;
  /** Whether this path, found inside a directory, is the output or its temporary file. */
  isSelf(path: ByteString): boolean;
  /** Whether this path leads, also by links, to the output or to the file that it replaces. */
  isReachedBy(path: ByteString): boolean;
  /** Writes what is left and makes the file appear. */
  commit(): Promise<void>;
  /** Removes the temporary file. Synchronous, for signals and exits. Does nothing after `commit`. */
  discard(): void;
}

/** For outputs that are no regular file. */
export const notInTheTree = { isSelf: () => false, isReachedBy: () => false };

/** The manifest on standard output. `before`: see `Writer`. */
export function standardOutput(before?: () => void): Output {
  const writer = new Writer(1, 'standard output', before);
  return { writer, ...notInTheTree, commit: () => writer.flush(), discard() {} };
}
