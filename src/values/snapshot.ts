/** Copies of values that are kept to be sent later: what the caller does to them afterwards has no effect. */
import { NotCloneableError } from '../errors/errors.js';
import { cloneError } from './clone-errors.js';
import { restoreErrors, sendErrors } from './error-details.js';
import { pack } from './pack.js';
import { restoreBuffers } from './restore-buffers.js';

/**
 * A copy as a thread would get it.
 * @param path the value's name for the error, as in `workerData`
 * @throws NotCloneableError saying where in it
 */
export function snapshot<T>(value: T, path: string): T {
  try {
    const { value: packed, buffers, signals, errors, stuck } = pack(value);
    if (stuck || signals !== undefined) throw new Error('it cannot be sent more than once');
    const copy = sendErrors(errors, undefined, (details) =>
      structuredClone({ packed, buffers, errors: details }),
    );
    restoreBuffers(copy.buffers);
    restoreErrors(copy.errors);
    return copy.packed;
  } catch (cause) {
    if (cause instanceof NotCloneableError) throw cause;
    throw cloneError(value, path, { cause });
  }
}

/**
 * The same for a value that Node itself sends: its errors go without what `error-details.ts` does for them.
 * @throws NotCloneableError saying where in it
 */
export function plainSnapshot<T>(value: T, path: string): T {
  const copy = snapshot(value, path);
  try {
    structuredClone(copy);
  } catch (cause) {
    throw cloneError(copy, path, { cause });
  }
  return copy;
}
