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
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type ByteString, fromText, toBytes } from './bytes.js';
import { Writer } from './writer.js';

/** Where the manifest goes. */
export interface Output {
  readonly writer: Writer;
  /** Whether this path, met in a tree, is the output itself. */
  owns(path: ByteString): boolean;
  /** All is written: makes the file appear. */
  commit(): Promise<void>;
  /** Something went wrong: nothing is left behind. Synchronous, for signals and exits. Does nothing after `commit`. */
  discard(): void;
}

/** The manifest on standard output. `before`: see `Writer`. */
export function standardOutput(before?: () => void): Output {
  const writer = new Writer(1, before);
  return { writer, owns: () => false, commit: () => writer.flush(), discard() {} };
}

/**
 * The manifest as a file, which is there complete or not at all: written beside it under another name, and renamed at
 * the end. A symbolic link is followed; the permissions of a file that is replaced are kept. What is no regular file
 * (`/dev/stdout`, a pipe) is written to as it is.
 */
export function fileOutput(file: string): Output {
  const former = statSync(file, { throwIfNoEntry: false });
  if (former?.isDirectory()) throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
  return former && !former.isFile() ? special(file) : regular(targetOf(file), former);
}

/** Where the links lead, the last of which may point to a file that is still to be. */
function targetOf(file: string): string {
  let path = resolve(file);
  while (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    path = resolve(realpathSync(dirname(path)), readlinkSync(path));
  }
  return join(realpathSync(dirname(path)), basename(path));
}

/** By the name that was given: what `/dev/stdout` leads to, a pipe, has no other. */
function special(file: string): Output {
  const descriptor = openSync(file, 'w');
  const writer = new Writer(descriptor);
  const commit = async () => {
    await writer.flush();
    closeSync(descriptor);
  };
  return { writer, owns: () => false, commit, discard() {} };
}

function regular(target: string, former: Stats | undefined): Output {
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o666);
  const writer = new Writer(descriptor);
  const names = [target, temporary].map((path) => fromText(`/${basename(path)}`));
  const directory = statSync(dirname(target));
  let state: 'open' | 'committed' | 'discarded' = 'open';

  return {
    writer,

    owns(path) {
      if (!names.some((name) => path.endsWith(name))) return false;
      const parent = statSync(toBytes(path.slice(0, path.lastIndexOf('/')) || '/'), {
        throwIfNoEntry: false,
      });
      return parent !== undefined && parent.dev === directory.dev && parent.ino === directory.ino;
    },

    async commit() {
      await writer.flush();
      if (state !== 'open') return;
      if (former) fchmodSync(descriptor, former.mode & 0o7777);
      // Without it, a power failure soon after the rename can leave an empty file on some file systems.
      fsyncSync(descriptor);
      closeSync(descriptor);
      renameSync(temporary, target);
      state = 'committed';
    },

    discard() {
      if (state !== 'open') return;
      state = 'discarded';
      rmSync(temporary, { force: true });
    },
  };
}
