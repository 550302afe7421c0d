import { messagesTaken } from '../terminal/messages.js';
import type { ByteString } from './bytes.js';
import { describeErrno, errnoOf } from './errno.js';
import { showInput } from './quote.js';
import { readRecords } from './records.js';

/** The file of `--files-from`. */
export interface PathList {
  /** `-` is standard input. */
  readonly file: ByteString;
  /** NUL with `--null`. */
  readonly separator: '\n' | '\0';
}

/** Well above the longest path that Linux accepts, 4,096 bytes. */
const MAX_PATH = 64 * 1024;

/**
 * The paths of a list, read as they are needed, in groups; see `readRecords`. `onError` gets a message for
 * each that is none; the others follow.
 */
export async function* readPathList(
  { file, separator }: PathList,
  onError: (message: string) => void,
): AsyncGenerator<ByteString[], void, undefined> {
  const shown = showInput(file);
  let number = 0;
  try {
    for await (const records of readRecords(file, separator, MAX_PATH)) {
      const paths: ByteString[] = [];
      for (const path of records) {
        number++;
        const error = errorOf(path, file);
        if (error) onError(`${shown}: ${number}: ${error}`);
        else if (path !== '') paths.push(path);
        else if (separator === '\0') onError(`${shown}: ${number}: the name is empty`);
      }
      yield paths;
      await messagesTaken();
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    onError(`${shown}: ${describeErrno(code)}`);
  }
}

function errorOf(path: ByteString, list: ByteString): string | undefined {
  // The paths of one request are joined by NUL.
  if (path.includes('\0')) return 'the name contains a NUL; use --null for names that end with a NUL each';
  if (path.length > MAX_PATH) return `the name is longer than ${MAX_PATH} bytes`;
  if (path === '-' && list === '-') return '- is not possible in a list that comes from standard input';
  return undefined;
}
