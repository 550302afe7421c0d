import { fsync, type Stats, statSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { openReplacement, putInPlace, type Replacement } from '../../batch/output/replacement.js';
import { type ByteString, toBytes } from '../files/bytes.js';
import { asFileError } from '../files/file-error.js';
import { quote } from '../files/quote.js';
import type { Output } from './output.js';
import { Writer } from './writer.js';

/** A file that appears complete or not at all, and keeps what it replaces. */
export function replacementOutput(file: ByteString, former: Stats | undefined): Output {
  const replacement = open(file, former);
  const { target, temporary, descriptor } = replacement;
  const writer = new Writer(descriptor, quote(file));
  const names = [basename(target), basename(temporary)];
  const directory = statSync(toBytes(dirname(target)));
  let state: 'open' | 'committed' | 'discarded' | 'kept' = 'open';

  return {
    writer,

    leftOut: {
      names,
      isIn: (other) => isSame(directory, other),
      has: (other) => former !== undefined && isSame(former, other),
    },

    async commit() {
      await writer.flush();
      // On some file systems a power failure soon after a rename without fsync leaves an empty file.
      await promisify(fsync)(descriptor);
      if (state !== 'open') return;
      try {
        putInPlace(replacement);
        state = 'committed';
      } catch (error) {
        state = 'kept';
        throw asFileError(
          quote(file),
          error,
          `could not be replaced; the digests are in ${quote(temporary)}: `,
        );
      }
    },

    discard() {
      if (state !== 'open') return;
      state = 'discarded';
      try {
        unlinkSync(toBytes(temporary));
      } catch {
        // Already gone.
      }
    },
  };
}

function open(file: ByteString, former: Stats | undefined): Replacement {
  try {
    return openReplacement(file, former);
  } catch (error) {
    const isTemporary = (error as NodeJS.ErrnoException).syscall === 'open' && former === undefined;
    throw isTemporary ? asFileError(quote(file), error, 'no file can be made beside it: ') : error;
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
