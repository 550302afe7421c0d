/**
 * Errors among values that go by message. Structured clone keeps of them only message, stack, cause and the
 * name of a class of the language. The rest goes along in the message, and is put back into the errors where
 * they arrive. Used by both sides.
 */
import { defineOwn } from '../errors/define-own.js';
import { applyDetails, encodeDetails } from '../errors/failure.js';
import type { ErrorDetails } from '../protocol/messages.js';

/** @param trim gives the part of a stack to keep; default: all of it */
export function detailsOf(errors: ReadonlySet<Error>, trim?: (stack: string) => string): ErrorDetails[] {
  return Array.from(errors, (error) => ({ error, details: encodeDetails(error, trim) }));
}

/**
 * Sends a value with all of its errors.
 * @param trim gives the part of a stack to keep; default: all of it
 * @param send called once, with what has to go along in the message
 */
export function sendErrors<T>(
  errors: ReadonlySet<Error> | undefined,
  trim: ((stack: string) => string) | undefined,
  send: (details: ErrorDetails[] | undefined) => T,
): T {
  if (errors === undefined) return send(undefined);
  const details = detailsOf(errors, trim);
  const taken = takeCauses(details);
  try {
    return send(details);
  } finally {
    for (const { error, cause } of taken)
      Object.defineProperty(error, 'cause', { __proto__: null, ...cause } as PropertyDescriptor);
  }
}

/**
 * Puts details back into the errors of a message. In place, so that each stays one object wherever in the
 * message it is, also in a `Map` or an instance of a class.
 */
export function restoreErrors(errors: readonly ErrorDetails[] | undefined): void {
  if (errors === undefined) return;
  for (const each of errors) {
    applyDetails(each.error, each.details);
    if ('cause' in each) defineOwn(each.error, 'cause', each.cause, false);
  }
}

interface TakenCause {
  readonly error: Error;
  readonly cause: PropertyDescriptor;
}

/**
 * Takes the causes that refer back to their own errors out of these, for as long as they are being sent, and
 * puts them beside. Older versions of V8 write such an error, and cannot read it.
 */
function takeCauses(all: ErrorDetails[]): TakenCause[] {
  const taken: TakenCause[] = [];
  if (readsCircularCauses()) return taken;
  // The innermost first: without its cause those around it can be read.
  for (let i = all.length - 1; i >= 0; i--) {
    const { error, details } = all[i] as ErrorDetails;
    const cause = Object.getOwnPropertyDescriptor(error, 'cause');
    if (typeof cause?.value !== 'object' || cause.value === null || cause.configurable === false) continue;
    if (isReadable(error)) continue;
    taken.push({ error, cause });
    all[i] = { error, details, cause: cause.value };
    Reflect.deleteProperty(error, 'cause');
  }
  return taken;
}

let readsCircles: boolean | undefined;
function readsCircularCauses(): boolean {
  if (readsCircles === undefined) {
    const circle = new Error('');
    defineOwn(circle, 'cause', circle, false);
    readsCircles = isReadable(circle);
  }
  return readsCircles;
}

function isReadable(error: Error): boolean {
  try {
    structuredClone(error);
    return true;
  } catch {
    return false;
  }
}
