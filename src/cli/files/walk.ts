import { opendirSync, type Stats, statSync } from 'node:fs';
import { type ByteString, toBytes } from './bytes.js';

/** Callbacks of a walk. */
export interface WalkHooks {
  /** Called for a directory that could not be read. The walk goes on with the next one. */
  onError(path: ByteString, error: unknown): void;
  /** True: leave out this file, found inside a directory. Not called for the given paths themselves. */
  skip?(path: ByteString): boolean;
}

/**
 * Every regular file under the given paths, in the order of the paths, each directory in bytewise order.
 *
 * Symbolic links inside a directory are neither followed nor listed; a given path is followed. A given path
 * that is no directory is given out unexamined: reading it will report any error.
 *
 * Memory: the names in the directories from the root to the current one. Time: one `readdir` per directory,
 * O(n log n) in its names.
 *
 * Synchronous: on a local disk, handing each `readdir` to another thread takes longer than the call itself
 * (20,000 files in 200 directories: 28 ms).
 */
export function* walk(paths: Iterable<ByteString>, hooks: WalkHooks): Generator<ByteString, void, undefined> {
  for (const path of paths) {
    if (isDirectory(path)) yield* tree(path, hooks);
    else yield path;
  }
}

function isDirectory(path: ByteString): boolean {
  let stats: Stats | undefined;
  try {
    stats = statSync(toBytes(path), { throwIfNoEntry: false });
  } catch {
    return false;
  }
  return stats?.isDirectory() ?? false;
}

function* tree(root: ByteString, hooks: WalkHooks): Generator<ByteString, void, undefined> {
  const stack = [open(root, hooks)];
  for (let level = stack.at(-1); level; level = stack.at(-1)) {
    const name = level.names[level.next++];
    if (name === undefined) {
      stack.pop();
    } else if (name.endsWith('/')) {
      stack.push(open(level.prefix + name.slice(0, -1), hooks));
    } else {
      const path = level.prefix + name;
      if (!hooks.skip?.(path)) yield path;
    }
  }
}

interface Level {
  /** The directory's path with a slash at its end. */
  readonly prefix: ByteString;
  /** Names in the directory. Those of directories end with a slash, so that sorting them sorts the paths. */
  readonly names: readonly ByteString[];
  next: number;
}

function open(path: ByteString, hooks: WalkHooks): Level {
  let names: ByteString[] = [];
  try {
    names = namesOf(path);
  } catch (error) {
    hooks.onError(path, error);
  }
  return { prefix: path.endsWith('/') ? path : `${path}/`, names: names.sort(), next: 0 };
}

/**
 * The directories and regular files of a directory, as in `Level`.
 *
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
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      const given = entry.name as string | Buffer;
      const name = typeof given === 'string' ? given : given.toString('latin1');
      if (entry.isFile()) names.push(name);
      else if (entry.isDirectory()) names.push(`${name}/`);
    }
  } finally {
    directory.closeSync();
  }
  return names;
}
