import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type ByteString, fromText, toBytes } from '../files/bytes.js';
import { asFileError } from '../files/file-error.js';
import { quote } from '../files/quote.js';
import type { Output } from './output.js';
import { Writer } from './writer.js';

/**
 * A file that appears complete or not at all. Symbolic links are followed.
 *
 * 1. A temporary file is written beside it, or in the system's folder for such where only the file itself may
 * be
 *    written. A file without write permission is refused at once.
 * 2. The temporary file is renamed where that leaves owner, mode and hard links of the present file as they
 * are.
 * 3. Otherwise, and where a rename is refused (the file is a mount point, or another user's in a sticky
 * directory),
 *    its content is copied into the present file.
 * 4. Where that fails too, the temporary file stays, and the error names it.
 */
export function replacementOutput(file: ByteString, former: Stats | undefined): Output {
  const target = targetOf(file);
  if (former) accessSync(toBytes(target), constants.W_OK);
  const { temporary, descriptor } = openTemporary(file, target, former !== undefined);
  const writer = new Writer(descriptor, quote(file));
  const names = [basename(target), basename(temporary)];
  const directory = statSync(toBytes(dirname(target)));
  let state: 'open' | 'committed' | 'discarded' | 'kept' = 'open';

  function isSelf(path: ByteString): boolean {
    const slash = path.lastIndexOf('/');
    if (!names.includes(path.slice(slash + 1))) return false;
    const parent = slash < 0 ? '.' : path.slice(0, slash) || '/';
    return isSame(directory, statsOf(parent));
  }

  return {
    writer,

    isSelf,

    isReachedBy(path) {
      if (isSelf(path)) return true;
      return former !== undefined && isSame(former, statsOf(path));
    },

    async commit() {
      await writer.flush();
      // On some file systems a power failure soon after a rename without fsync leaves an empty file.
      await promisify(fsync)(descriptor);
      if (state !== 'open') return;
      // From here on nothing waits, so no signal comes before the file is whole.
      try {
        if (!renameOver(target, temporary, descriptor)) {
          copyInto(target, descriptor);
          unlinkSync(toBytes(temporary));
        }
        state = 'committed';
      } catch (error) {
        state = 'kept';
        throw asFileError(
          quote(file),
          error,
          `could not be replaced; the digests are in ${quote(temporary)}: `,
        );
      }
      closeSync(descriptor);
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

/** The file that the links lead to; it need not exist yet. */
function targetOf(file: ByteString): ByteString {
  let path = resolve(fromText(process.cwd()), file);
  while (lstatSync(toBytes(path), { throwIfNoEntry: false })?.isSymbolicLink()) {
    path = resolve(realPath(dirname(path)), readlinkSync(toBytes(path), 'latin1'));
  }
  return join(realPath(dirname(path)), basename(path));
}

function realPath(path: ByteString): ByteString {
  return realpathSync(toBytes(path), 'latin1');
}

/** Keeps temporary names below 255 bytes, the limit of file systems. */
const MAX_NAME_PART = 200;

function openTemporary(file: ByteString, target: ByteString, exists: boolean) {
  const name = `.${basename(target).slice(0, MAX_NAME_PART)}.${randomBytes(6).toString('hex')}.tmp`;
  const open = (temporary: ByteString) => {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    // Until the end nobody else may read what replaces a file that others may not read.
    const descriptor = openSync(toBytes(temporary), O_RDWR | O_CREAT | O_EXCL, exists ? 0o600 : 0o666);
    return { temporary, descriptor };
  };
  try {
    return open(join(dirname(target), name));
  } catch (error) {
    if (!exists) throw asFileError(quote(file), error, 'no file can be made beside it: ');
  }
  return open(join(fromText(tmpdir()), name));
}

/** False where a rename would change more than the content of the present file, or is refused. */
function renameOver(target: ByteString, temporary: ByteString, descriptor: number): boolean {
  const present = statsOf(target);
  try {
    if (present) {
      const own = fstatSync(descriptor);
      if (present.nlink > 1) return false;
      if (own.uid !== present.uid || own.gid !== present.gid)
        fchownSync(descriptor, present.uid, present.gid);
      fchmodSync(descriptor, present.mode & 0o7777);
    }
    renameSync(toBytes(temporary), toBytes(target));
    return true;
  } catch (error) {
    if (!present) throw error;
    return false;
  }
}

/** Bytes copied at a time. */
const CHUNK = 1024 * 1024;

function copyInto(target: ByteString, source: number): void {
  // Without O_CREAT, which Linux refuses for another user's file in a sticky directory
  // (fs.protected_regular).
  const file = openSync(toBytes(target), constants.O_WRONLY);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let at = 0;
    for (let read = readSync(source, chunk, 0, CHUNK, at); read > 0; ) {
      for (let from = 0; from < read; ) from += writeSync(file, chunk, from, read - from, at + from);
      at += read;
      read = readSync(source, chunk, 0, CHUNK, at);
    }
    ftruncateSync(file, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** `undefined` where the file does not exist or cannot be examined; reading it will report why. */
function statsOf(path: ByteString): Stats | undefined {
  try {
    return statSync(toBytes(path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isSame(one: Stats, other: Stats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}
