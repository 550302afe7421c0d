import { lstatSync, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { type ByteString, toPath } from './bytes.js';
import { Mounts } from './mounts.js';

/** What a path leads to. */
export interface Place {
  /** `undefined`: it cannot be examined. */
  readonly stats: Stats | undefined;
  /** The path without links. */
  readonly real: ByteString;
  /** Whether it lies where no reader is kept waiting; see `Mounts`. */
  readonly isLocal: boolean;
}

interface Parent {
  readonly real: ByteString;
  readonly isLocal: boolean;
}

const NOWHERE: Place = { stats: undefined, real: '', isLocal: false };
const MOST_PARENTS = 1024;

/**
 * Examines paths. What may stall is left to libuv's threads, so that the main thread always reacts to
 * signals; what is local is examined at once, which takes a small part of the time.
 */
export class Places {
  readonly mounts = Mounts.read();
  /** By the path of the directory, as it was written. */
  readonly #parents = new Map<ByteString, Parent>();

  /** `undefined`: only `find` can tell. */
  known(path: ByteString): Place | undefined {
    const { directory, name } = split(path);
    const parent = this.#parents.get(directory);
    if (parent === undefined || !parent.isLocal || isDotted(name)) return undefined;
    const real = joined(parent.real, name);
    if (this.mounts.hasOtherAt(real)) return undefined;
    try {
      const stats = lstatSync(toPath(path), { throwIfNoEntry: false });
      return stats?.isSymbolicLink() ? undefined : { stats, real, isLocal: true };
    } catch {
      return NOWHERE;
    }
  }

  async find(path: ByteString): Promise<Place> {
    try {
      await this.#findParent(path);
      const known = this.known(path);
      if (known !== undefined) return known;
      const real = await realPath(path);
      const stats = await stat(toPath(path));
      return { stats, real, isLocal: this.mounts.isLocal(real) };
    } catch {
      return NOWHERE;
    }
  }

  async #findParent(path: ByteString): Promise<void> {
    const { directory, name } = split(path);
    if (isDotted(name) || this.#parents.has(directory)) return;
    const real = await realPath(directory === '' ? '.' : directory);
    if (this.#parents.size >= MOST_PARENTS) this.#parents.clear();
    this.#parents.set(directory, { real, isLocal: this.mounts.isLocal(real) });
  }
}

/** The directory's path ends with a slash, if it is not empty. */
export function split(path: ByteString): { readonly directory: ByteString; readonly name: ByteString } {
  const slash = path.lastIndexOf('/') + 1;
  return { directory: path.slice(0, slash), name: path.slice(slash) };
}

export function joined(directory: ByteString, name: ByteString): ByteString {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

function isDotted(name: ByteString): boolean {
  return name === '' || name === '.' || name === '..';
}

function realPath(path: ByteString): Promise<ByteString> {
  return realpath(toPath(path), { encoding: 'latin1' });
}
