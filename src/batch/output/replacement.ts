/**
 * A file that appears complete or not at all. Symbolic links are followed.
 *
 * 1. A temporary file is written beside it, or in the system's folder for such where only the file itself may
 *    be written. A file without write permission is refused at once.
 * 2. The temporary file is renamed where that leaves owner, mode and hard links of the present file as they
 *    are.
 * 3. Otherwise, and where a rename is refused (the file is a mount point, or another user's in a sticky
 *    directory), its content is copied into the present file.
 * 4. Where that fails too, the temporary file stays, and the caller names it.
 *
 * Paths are bytes, since file names need not be UTF-8: one character from U+0000 to U+00FF for each byte.
 */
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
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
import { constants as systemConstants, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

export interface Replacement {
  /** The file that the links lead to. */
  readonly target: string;
  readonly temporary: string;
  /** Of the temporary file. */
  readonly descriptor: number;
}

/**
 * Creates the temporary file.
 * @param former the present file, if there is one
 * @throws a system error; that of `open` means that there is no place for the temporary file
 */
export function openReplacement(file: string, former: Stats | undefined): Replacement {
  const target = targetOf(file);
  const exists = former !== undefined;
  if (exists) accessSync(toBytes(target), constants.W_OK);
  if (exists) refuseReadOnly(file, former);
  const name = `.${basename(target).slice(0, MAX_NAME_PART)}.${randomPart()}.tmp`;
  const open = (temporary: string): Replacement => {
    const { O_RDWR, O_CREAT, O_EXCL } = constants;
    // Until the end nobody else may read what replaces a file that others may not read.
    const descriptor = openSync(toBytes(temporary), O_RDWR | O_CREAT | O_EXCL, exists ? 0o600 : 0o666);
    return { target, temporary, descriptor };
  };
  try {
    return open(join(dirname(target), name));
  } catch (error) {
    if (!exists) throw error;
  }
  return open(join(fromText(tmpdir()), name));
}

/** Need not be secret: a file of that name is not opened. Without `node:crypto`, which takes 5 ms to load. */
function randomPart(): string {
  return Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');
}

/**
 * Puts the content of the temporary file, which is complete, in place. Synchronous, so that no signal comes
 * before the file is whole. After an error the temporary file is there still.
 */
export function putInPlace({ target, temporary, descriptor }: Replacement): void {
  if (!renameOver(target, temporary, descriptor)) {
    copyInto(target, descriptor);
    unlinkSync(toBytes(temporary));
  }
  closeSync(descriptor);
}

export function fromText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function toText(bytes: string): string {
  return toBytes(bytes).toString('utf8');
}

function toBytes(bytes: string): Buffer {
  return Buffer.from(bytes, 'latin1');
}

const ANY_WRITE = 0o222;

/**
 * The superuser may write it all the same, but whoever made it read-only meant it.
 * @throws a system error: nobody may write the file
 */
export function refuseReadOnly(file: string, { mode }: Stats): void {
  if ((mode & ANY_WRITE) !== 0) return;
  const message = `EACCES: permission denied, access '${toText(file)}'`;
  throw Object.assign(new Error(message), {
    code: 'EACCES',
    errno: -systemConstants.errno.EACCES,
    syscall: 'access',
  });
}

/** Keeps temporary names below 255 bytes, the limit of file systems. */
const MAX_NAME_PART = 200;

/** The file that the links lead to; it need not exist yet. */
function targetOf(file: string): string {
  let path = resolve(fromText(process.cwd()), file);
  while (lstatSync(toBytes(path), { throwIfNoEntry: false })?.isSymbolicLink()) {
    path = resolve(realPath(dirname(path)), readlinkSync(toBytes(path), 'latin1'));
  }
  return join(realPath(dirname(path)), basename(path));
}

function realPath(path: string): string {
  return realpathSync(toBytes(path), 'latin1');
}

/** False where a rename would change more than the content of the present file, or is refused. */
function renameOver(target: string, temporary: string, descriptor: number): boolean {
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

function copyInto(target: string, source: number): void {
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

/** `undefined` where the file does not exist or cannot be examined. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(toBytes(path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
