/**
 * Errors among values that go by message. Structured clone keeps of them only message, stack, cause and the
 * name of a class of the language. The rest goes along in the message, and is put back into the errors where
 * they arrive. Used by both sides.
 */
import { applyDetails, encodeDetails } from '../errors/failure.js';
import type { ErrorDetails } from '../protocol/messages.js';

/** @param trim gives the part of a stack to keep; default: all of it */
export function detailsOf(
  errors: ReadonlySet<Error> | undefined,
  trim?: (stack: string) => string,
): ErrorDetails[] | undefined {
  return errors && Array.from(errors, (error) => ({ error, details: encodeDetails(error, trim) }));
}

/**
 * Puts details back into the errors of a message. In place, so that each stays one object wherever in the
 * message it is, also in a `Map` or an instance of a class.
 */
export function restoreErrors(errors: readonly ErrorDetails[] | undefined): void {
  if (errors === undefined) return;
  for (const { error, details } of errors) applyDetails(error, details);
}
