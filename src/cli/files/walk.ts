import { type Dirent, opendirSync, type Stats, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { type ByteString, toBytes, toPath } from './bytes.js';
import { joined, type Place, type Places, split } from './places.js';

/** A file that was found or given. */
export interface FoundFile {
  readonly path: ByteString;
  /** Whether it is a regular file that keeps no reader waiting. */
  readonly regular: boolean;
}

/** Files that are to be left out: those that the command itself makes. */
export interface LeftOut {
  readonly names: readonly ByteString[];
  /** Whether files of those names in the directory are left out. */
  isIn(directory: Stats): boolean;
  /** Whether this file, which was given, is left out whatever its name. */
  has(file: Stats): boolean;
}

export interface WalkHooks {
  /** Called for a directory that could not be read. The walk goes on with the next one. */
  onError(path: ByteString, error: unknown): void;
  readonly leftOut?: LeftOut | undefined;
}

/**
 * Every regular file under the given paths, in the order of the paths, each directory in bytewise order. They
 * come in groups, each to be taken to its end before the next: awaiting each file would take longer than
 * finding it.
 *
 * Symbolic links inside a directory are neither followed nor listed; a given path is followed. A given path
 * that is no directory is given out unexamined: reading it will report any error. `-` is standard input.
 *
 * Memory: the names in the directories from the root to the current one. Time: one `readdir` per directory,
 * O(n log n) in its names.
 *
 * What is local is read synchronously, for handing each `readdir` to another thread takes longer than the
 * call itself (20,000 files in 200 directories: 28 ms). The rest may stall, and is left to libuv's threads.
 */
export async function* walk(
  paths: Iterable<ByteString>,
  places: Places,
  hooks: WalkHooks,
): AsyncGenerator<Iterable<FoundFile>, void, undefined> {
  const walk = new Walk(paths, places, hooks);
  for (;;) {
    yield walk.ready();
    if (walk.isOver) return;
    await walk.due?.();
  }
}

/** A given path that is known at once to be no directory and not left out: most of those of a long list. */
export function givenFile(path: ByteString, places: Places, hooks: WalkHooks): FoundFile | undefined {
  if (path === '-' || isNamedSo(path, hooks)) return undefined;
  const place = places.known(path);
  if (place?.stats?.isFile() !== true || hooks.leftOut?.has(place.stats) === true) return undefined;
  return { path, regular: true };
}

interface Level {
  /** The directory's path with a slash at its end. */
  readonly prefix: ByteString;
  /** Names in the directory. Those of directories end with a slash, so that sorting them sorts the paths. */
  readonly names: readonly ByteString[];
  readonly isLocal: boolean;
  next: number;
}

class Walk {
  readonly #given: Iterator<ByteString>;
  readonly #places: Places;
  readonly #hooks: WalkHooks;
  /** The directories from the given one to the current one. */
  readonly #levels: Level[] = [];
  /** The given directory, without links; `undefined`: nothing below it may stall, or all of it. */
  #root: { readonly path: ByteString; readonly real: ByteString } | undefined;
  /** A given file whose turn it is. */
  #file: FoundFile | undefined;
  /** What has to be awaited before the walk goes on. */
  due: (() => Promise<void>) | undefined;
  isOver = false;

  constructor(paths: Iterable<ByteString>, places: Places, hooks: WalkHooks) {
    this.#given = paths[Symbol.iterator]();
    this.#places = places;
    this.#hooks = hooks;
  }

  /** The files up to the next thing that may stall. */
  *ready(): Generator<FoundFile, void, undefined> {
    this.due = undefined;
    do {
      if (this.#file !== undefined) yield this.#file;
      this.#file = undefined;
      for (let level = this.#levels.at(-1); level; level = this.#levels.at(-1)) {
        const name = level.names[level.next++];
        if (name === undefined) this.#levels.pop();
        else if (!name.endsWith('/')) yield { path: level.prefix + name, regular: level.isLocal };
        else if (!this.#enter(level.prefix + name.slice(0, -1), level.isLocal)) return;
      }
    } while (this.#takeGiven());
  }

  /** @returns false: there is none, or it is `due` */
  #takeGiven(): boolean {
    const { done, value: path } = this.#given.next();
    if (done === true) {
      this.isOver = true;
      return false;
    }
    if (path === '-') {
      this.#file = { path, regular: false };
      return true;
    }
    const place = isNamedSo(path, this.#hooks) ? undefined : this.#places.known(path);
    if (place !== undefined) return this.#begin(path, place);
    this.due = () => this.#find(path);
    return false;
  }

  async #find(path: ByteString): Promise<void> {
    if (await isLeftOut(path, this.#hooks)) return;
    this.due = undefined;
    this.#begin(path, await this.#places.find(path));
    // A directory that may stall.
    await (this.due as Walk['due'])?.();
  }

  /** @returns false: it is `due` */
  #begin(path: ByteString, { stats, real, isLocal }: Place): boolean {
    if (stats !== undefined && this.#hooks.leftOut?.has(stats) === true) return true;
    if (stats?.isDirectory() !== true) {
      this.#file = { path, regular: isLocal && stats?.isFile() === true };
      return true;
    }
    this.#root = isLocal && this.#places.mounts.hasOtherBelow(real) ? { path, real } : undefined;
    return this.#enter(path, isLocal);
  }

  /** @returns false: reading the directory is `due` */
  #enter(path: ByteString, isLocal: boolean): boolean {
    if (isLocal && !this.#mayStall(path)) {
      this.#push(path, true, readNow(path, this.#hooks));
      return true;
    }
    this.due = async () => {
      this.#push(path, false, await readLater(path, this.#hooks));
    };
    return false;
  }

  /** Whether something is mounted here that is not local. */
  #mayStall(path: ByteString): boolean {
    const root = this.#root;
    if (root === undefined || path === root.path) return false;
    const from = root.path.endsWith('/') ? root.path.length : root.path.length + 1;
    return this.#places.mounts.hasOtherAt(joined(root.real, path.slice(from)));
  }

  #push(path: ByteString, isLocal: boolean, names: ByteString[]): void {
    this.#levels.push({ prefix: joined(path, ''), names: names.sort(), isLocal, next: 0 });
  }
}

/** The directories and regular files of a directory, as in `Level`. */
function readNow(path: ByteString, { onError, leftOut }: WalkHooks): ByteString[] {
  try {
    const names = namesOf(path);
    const isAffected = leftOut?.names.some((name) => names.includes(name)) === true;
    return isAffected && leftOut.isIn(statSync(toBytes(path))) ? without(names, leftOut) : names;
  } catch (error) {
    onError(path, error);
    return [];
  }
}

async function readLater(path: ByteString, { onError, leftOut }: WalkHooks): Promise<ByteString[]> {
  try {
    // Where the file system does not tell an entry's type, Node joins directory and name.
    const entries = await readdir(toBytes(path), { encoding: 'buffer', withFileTypes: true });
    const names: ByteString[] = [];
    for (const entry of entries) add(names, entry);
    const isAffected = leftOut?.names.some((name) => names.includes(name)) === true;
    return isAffected && leftOut.isIn(await stat(toBytes(path))) ? without(names, leftOut) : names;
  } catch (error) {
    onError(path, error);
    return [];
  }
}

function without(names: readonly ByteString[], leftOut: LeftOut): ByteString[] {
  return names.filter((name) => !leftOut.names.includes(name));
}

/**
 * Strings cost the garbage collector far less than Buffers. But where the file system does not tell an
 * entry's type, Node finds it out by joining directory and name, and then both must be Buffers.
 */
function namesOf(path: ByteString): ByteString[] {
  try {
    return readNames(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_TYPE') throw error;
    return readNames(path, 'buffer');
  }
}

function readNames(path: ByteString, encoding: 'latin1' | 'buffer'): ByteString[] {
  const names: ByteString[] = [];
  // Node accepts `buffer` here as in `readdir`; its types lack it.
  const directory = opendirSync(toBytes(path), { encoding: encoding as BufferEncoding, bufferSize: 256 });
  try {
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) add(names, entry);
  } finally {
    directory.closeSync();
  }
  return names;
}

function add(names: ByteString[], entry: Dirent | Dirent<Buffer>): void {
  const given = entry.name as string | Buffer;
  const name = typeof given === 'string' ? given : given.toString('latin1');
  if (entry.isFile()) names.push(name);
  else if (entry.isDirectory()) names.push(`${name}/`);
}

/** Whether a given path has the name of a file that is left out. */
function isNamedSo(path: ByteString, { leftOut }: WalkHooks): boolean {
  return leftOut?.names.includes(split(path).name) === true;
}

/** Whether a given path is a file that is left out, by its name. */
async function isLeftOut(path: ByteString, hooks: WalkHooks): Promise<boolean> {
  if (!isNamedSo(path, hooks)) return false;
  try {
    return hooks.leftOut?.isIn(await stat(toPath(split(path).directory || '.'))) === true;
  } catch {
    return false;
  }
}
