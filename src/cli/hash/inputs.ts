import type { ByteString } from '../files/bytes.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { type PathList, readPathList } from '../files/path-list.js';
import type { Places } from '../files/places.js';
import { quote } from '../files/quote.js';
import { type FoundFile, givenFile, type WalkHooks, walk } from '../files/walk.js';
import type { Output } from '../manifest/output.js';

/** The paths to hash: those of the command line, or those of a list. */
export type Inputs = readonly ByteString[] | PathList;

/** Files, some of them in groups; see `walk`. */
export type FoundFiles = AsyncIterable<FoundFile | Iterable<FoundFile>>;

/**
 * The files under the given paths, without the output itself. `onError` gets a message for each that is
 * unreadable.
 */
export function inputFiles(
  inputs: Inputs,
  { leftOut }: Output,
  places: Places,
  onError: (message: string) => void,
): FoundFiles {
  const onDirectoryError = (path: ByteString, error: unknown) => {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    onError(`${quote(path)}: ${describeErrno(code)}`);
  };
  return filesOf(inputs, places, { onError: onDirectoryError, leftOut }, onError);
}

/** The same files once more, to be counted; `undefined` where the inputs can be read only once. */
export async function filesToCount(
  inputs: Inputs,
  { leftOut }: Output,
  places: Places,
): Promise<FoundFiles | undefined> {
  const isReadTwice = !('file' in inputs) || (await isRegular(inputs.file, places));
  return isReadTwice ? filesOf(inputs, places, { onError() {}, leftOut }, () => {}) : undefined;
}

/** Whether the path leads to a regular file that never keeps a reader waiting. */
export async function isRegular(path: ByteString, places: Places): Promise<boolean> {
  // Standard input, even where a file has that name.
  if (path === '-') return false;
  const { stats, isLocal } = await places.find(path);
  return isLocal && stats?.isFile() === true;
}

function filesOf(
  inputs: Inputs,
  places: Places,
  hooks: WalkHooks,
  onError: (message: string) => void,
): FoundFiles {
  return 'file' in inputs ? listedFiles(inputs, places, hooks, onError) : walk(inputs, places, hooks);
}

async function* listedFiles(
  list: PathList,
  places: Places,
  hooks: WalkHooks,
  onError: (message: string) => void,
) {
  for await (const paths of readPathList(list, onError)) {
    for (const path of paths) {
      const file = givenFile(path, places, hooks);
      if (file === undefined) yield* walk([path], places, hooks);
      else yield file;
    }
  }
}
