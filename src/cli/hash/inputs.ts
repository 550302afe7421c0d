import { type Stats, statSync } from 'node:fs';
import { type ByteString, toBytes } from '../files/bytes.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { isLocalDevice } from '../files/local-device.js';
import { type PathList, readPathList } from '../files/path-list.js';
import { quote } from '../files/quote.js';
import { walk } from '../files/walk.js';
import type { Output } from '../manifest/output.js';
import type { InputFile } from './pipeline.js';

/** The paths to hash: those of the command line, or those of a list. */
export type Inputs = readonly ByteString[] | PathList;

/**
 * The files under the given paths, without the output itself. `onError` gets a message for each that is
 * unreadable.
 */
export function inputFiles(
  inputs: Inputs,
  output: Output,
  onError: (message: string) => void,
): Iterable<InputFile> | AsyncIterable<InputFile> {
  return 'file' in inputs
    ? listedFiles(inputs, output, onError)
    : filesUnder(withoutOutput(inputs, output), output, onError);
}

/** The same paths once more, to be counted; `undefined` where the inputs can be read only once. */
export function pathsToCount(
  inputs: Inputs,
  output: Output,
): Iterable<ByteString> | AsyncIterable<ByteString> | undefined {
  if (!('file' in inputs)) return walk(withoutOutput(inputs, output), { onError() {}, skip: output.isSelf });
  return isRegular(inputs.file) ? listedPaths(inputs, output) : undefined;
}

/** Whether the path leads to a regular file that never keeps a reader waiting. */
export function isRegular(path: ByteString): boolean {
  // Standard input, even where a file has that name.
  if (path === '-') return false;
  const stats = statsOf(path);
  return stats?.isFile() === true && isLocalDevice(stats.dev, path);
}

async function* listedFiles(list: PathList, output: Output, onError: (message: string) => void) {
  for await (const path of readPathList(list, onError)) {
    yield* filesUnder(withoutOutput([path], output), output, onError);
  }
}

async function* listedPaths(list: PathList, output: Output) {
  for await (const path of readPathList(list, () => {})) {
    yield* walk(withoutOutput([path], output), { onError() {}, skip: output.isSelf });
  }
}

function withoutOutput(paths: readonly ByteString[], output: Output): ByteString[] {
  return paths.filter((path) => path === '-' || !output.isReachedBy(path));
}

function* filesUnder(
  paths: readonly ByteString[],
  output: Output,
  onError: (message: string) => void,
): Generator<InputFile, void, undefined> {
  const onDirectoryError = (path: ByteString, error: unknown) => {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    onError(`${quote(path)}: ${describeErrno(code)}`);
  };
  // The walk gives out given paths unexamined; all that it finds inside directories are regular files.
  const given = new Set(paths);
  let directory: ByteString | undefined;
  let isLocal = false;
  for (const path of walk(paths, { onError: onDirectoryError, skip: output.isSelf })) {
    if (given.has(path)) {
      yield { path, regular: isRegular(path) };
      continue;
    }
    const parent = path.slice(0, path.lastIndexOf('/') + 1);
    if (parent !== directory) {
      directory = parent;
      const stats = statsOf(parent);
      isLocal = stats !== undefined && isLocalDevice(stats.dev, parent);
    }
    yield { path, regular: isLocal };
  }
}

/** `undefined` where the file cannot be examined: the thread that opens it reports the error. */
function statsOf(path: ByteString): Stats | undefined {
  try {
    return statSync(toBytes(path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
