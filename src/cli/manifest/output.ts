import type { LeftOut } from '../files/walk.js';
import { Writer } from './writer.js';

/** The destination of the manifest. */
export interface Output {
  readonly writer: Writer;
  /** The output, its temporary file, and the file that it replaces; `undefined`: it is no regular file. */
  readonly leftOut?: LeftOut;
  /** Writes what is left and makes the file appear. */
  commit(): Promise<void>;
  /** Removes the temporary file. Synchronous, for signals and exits. Does nothing after `commit`. */
  discard(): void;
}

/** The manifest on standard output. `before`: see `Writer`. */
export function standardOutput(before?: () => void): Output {
  const writer = new Writer(1, 'standard output', before);
  return { writer, commit: () => writer.flush(), discard() {} };
}
