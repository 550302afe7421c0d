import { BatchError, BatchFileError } from '../../batch/index.js';
import { BalancerError, CapturedVariableError, InvalidOptionError } from '../../index.js';
import { UsageError } from '../arguments.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import { loadHint } from '../load-hint.js';
import { optionError } from '../option-error.js';
import type { MapOptions } from './options.js';

/** The message for an error, with the name of the file. */
export function explain(error: unknown, options: MapOptions): string {
  if (error instanceof BatchFileError) {
    const words = describeErrno(error.code);
    // Those of a decompressor say more than their codes.
    return words === error.code ? error.message : `${error.path}: ${words}`;
  }
  if (error instanceof CapturedVariableError) return notDefined(error);
  if (error instanceof InvalidOptionError)
    return optionError(error, options, options.cluster?.engineVariable);
  if (error instanceof BatchError || error instanceof UsageError || error instanceof BalancerError) {
    return error.message + loadHint(error.message, 'map');
  }
  const code = errnoOf(error);
  if (code !== undefined) return `${(error as NodeJS.ErrnoException).syscall} error: ${describeErrno(code)}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Only a function that was given as text has such names. */
function notDefined({ variables }: CapturedVariableError): string {
  const names = variables.map(({ name, line, column }) => `'${name}' (line ${line}, column ${column})`);
  return `-e: ${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} not defined: a function may use its argument, globals, require and import()`;
}
