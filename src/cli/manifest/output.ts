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

/** Where the manifest goes. */
export interface Output {
  readonly writer: Writer;
  /** Whether this path, met in a tree, is the output itself. */
  owns(path: ByteString): boolean;
  /** Whether this path leads to the output itself, or to the file that it replaces. */
  is(path: ByteString): boolean;
  /** All is written: makes the file appear. */
  commit(): Promise<void>;
  /** Something went wrong: nothing is left behind. Synchronous, for signals and exits. Does nothing after `commit`. */
  discard(): void;
}

/** The manifest on standard output. `before`: see `Writer`. */
export function standardOutput(before?: () => void): Output {
  const writer = new Writer(1, before);
  return { writer, ...notInTheTree, commit: () => writer.flush(), discard() {} };
}

const notInTheTree = { owns: () => false, is: () => false };

/** A file of another name, which becomes the output at the end, cannot be made: with `code` and `errno` of the reason. */
export class NoRoomBeside extends Error {
  readonly code: string;
  readonly errno: number;

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.code = cause.code as string;
    this.errno = cause.errno as number;
  }
}

/**
 * The manifest as a file, which is there complete or not at all: written beside it under another name, and renamed at
 * the end. A symbolic link is followed; the permissions of a file that is replaced are kept. What is no regular file
 * (`/dev/stdout`, a pipe) is written to as it is.
 */
export function fileOutput(file: ByteString): Output {
  const former = statSync(toBytes(file), { throwIfNoEntry: false });
  if (former?.isDirectory() || file.endsWith('/'))
    throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
  return former && !former.isFile() ? special(file) : regular(targetOf(file), former);
}

/** Where the links lead, the last of which may point to a file that is still to be. */
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

/** By the name that was given: what `/dev/stdout` leads to, a pipe, has no other. */
function special(file: ByteString): Output {
  const descriptor = openSync(toBytes(file), 'w');
  const writer = new Writer(descriptor);
  const commit = async () => {
    await writer.flush();
    closeSync(descriptor);
  };
  return { writer, ...notInTheTree, commit, discard() {} };
}

/** Of the longest names that there are, 255 bytes, it leaves room for what is added. */
const MOST_OF_NAME = 200;

function regular(target: ByteString, former: Stats | undefined): Output {
  const name = basename(target);
  const temporary = join(
    dirname(target),
    `.${name.slice(0, MOST_OF_NAME)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  const descriptor = openBeside(temporary);
  const writer = new Writer(descriptor);
  const names = [name, basename(temporary)];
  const directory = statSync(toBytes(dirname(target)));
  let state: 'open' | 'committed' | 'discarded' = 'open';

  function owns(path: ByteString): boolean {
    const slash = path.lastIndexOf('/');
    if (!names.includes(path.slice(slash + 1))) return false;
    const parent = slash < 0 ? '.' : path.slice(0, slash) || '/';
    return isSame(directory, statsOf(parent));
  }

  return {
    writer,

    owns,

    is(path) {
      if (owns(path)) return true;
      return former !== undefined && isSame(former, statsOf(path));
    },

    async commit() {
      await writer.flush();
      if (state !== 'open') return;
      if (former) fchmodSync(descriptor, former.mode & 0o7777);
      // Without it, a power failure soon after the rename can leave an empty file on some file systems.
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
        // Somebody else was quicker.
      }
    },
  };
}

function openBeside(temporary: ByteString): number {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  try {
    return openSync(toBytes(temporary), O_WRONLY | O_CREAT | O_EXCL, 0o666);
  } catch (error) {
    throw new NoRoomBeside(error as NodeJS.ErrnoException);
  }
}

/** `undefined` where there is none, or none that can be seen: whoever reads it says why. */
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
