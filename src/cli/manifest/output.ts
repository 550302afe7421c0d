import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type ByteString, fromText, toBytes } from '../files/bytes.js';
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

/** The manifest on standard output. `before`: see `Writer`. */
export function standardOutput(before?: () => void): Output {
  const writer = new Writer(1, before);
  return { writer, ...notInTheTree, commit: () => writer.flush(), discard() {} };
}

const notInTheTree = { isSelf: () => false, isReachedBy: () => false };

/** The temporary file cannot be made; `code` and `errno` are those of the cause. */
export class NoTemporaryFileError extends Error {
  readonly code: string;
  readonly errno: number;

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.code = cause.code as string;
    this.errno = cause.errno as number;
  }
}

/**
 * The manifest as a file that appears complete or not at all: a temporary file beside it is written, and
 * renamed at the end. Symbolic links are followed; a replaced file keeps its permissions. Pipes and devices
 * (`/dev/stdout`) are written to directly.
 */
export function fileOutput(file: ByteString): Output {
  const former = statSync(toBytes(file), { throwIfNoEntry: false });
  if (former?.isDirectory() || file.endsWith('/'))
    throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
  return former && !former.isFile() ? special(file) : regular(targetOf(file), former);
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

/** Opened by the given name: the pipe behind `/dev/stdout` has no other. */
function special(file: ByteString): Output {
  const descriptor = openSync(toBytes(file), 'w');
  const writer = new Writer(descriptor);
  const commit = async () => {
    await writer.flush();
    closeSync(descriptor);
  };
  return { writer, ...notInTheTree, commit, discard() {} };
}

/** Keeps temporary names below 255 bytes, the limit of file systems. */
const MAX_NAME_PART = 200;

function regular(target: ByteString, former: Stats | undefined): Output {
  const name = basename(target);
  const temporary = join(
    dirname(target),
    `.${name.slice(0, MAX_NAME_PART)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  const descriptor = openTemporary(temporary);
  const writer = new Writer(descriptor);
  const names = [name, basename(temporary)];
  const directory = statSync(toBytes(dirname(target)));
  let state: 'open' | 'committed' | 'discarded' = 'open';

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
      if (state !== 'open') return;
      if (former) fchmodSync(descriptor, former.mode & 0o7777);
      // On some file systems a power failure soon after a rename without fsync leaves an empty file.
      fsyncSync(descriptor);
      closeSync(descriptor);
      renameSync(toBytes(temporary), toBytes(target));
      state = 'committed';
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

function openTemporary(temporary: ByteString): number {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  try {
    return openSync(toBytes(temporary), O_WRONLY | O_CREAT | O_EXCL, 0o666);
  } catch (error) {
    throw new NoTemporaryFileError(error as NodeJS.ErrnoException);
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
