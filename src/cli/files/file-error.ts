import { describeErrno, errnoOf } from './errno.js';

/** A system error about a file, with a message for the user that names the file. */
export class FileError extends Error {
  /** The code of the system error. */
  readonly code: string;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** A system error as a `FileError`; any other error as it is. `shown`: the file as messages show it. */
export function asFileError(shown: string, error: unknown, what = ''): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  return new FileError(`${shown}: ${what}${describeErrno(code)}`, code, error);
}
