/** Checks of single values, with errors that name the option, what was given and what is allowed. */

import { didYouMean } from '../errors/did-you-mean.js';
import { InvalidOptionError } from '../errors/errors.js';

/** The longest time that Node's timers take. */
export const MOST_MS = 2 ** 31 - 1;

export function invalid(name: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError(name, show(given), allowed);
}

function show(value: unknown): string {
  try {
    return describe(value);
  } catch {
    return 'an object that cannot be shown';
  }
}

function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${value}'`;
    case 'function':
      return 'a function';
    case 'object':
      return value === null
        ? 'null'
        : Array.isArray(value)
          ? 'an array'
          : `an object (${value.constructor?.name ?? 'no class'})`;
    default:
      return String(value);
  }
}

export function checkObject(name: string, given: unknown, known: Record<string, 0>): void {
  const names = Object.keys(known);
  if (!mayHoldOptions(given, names)) {
    const example = given instanceof AbortSignal && names.includes('signal') ? ', as in { signal }' : '';
    throw invalid(name, given, `an object of options${example}`);
  }
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(known, key)) continue;
    const meant = didYouMean(key, names);
    throw new InvalidOptionError(
      `${name}.${key}`,
      `an unknown option${meant === undefined ? '' : ` (did you mean '${meant}'?)`}`,
      `one of ${names.join(', ')}`,
    );
  }
}

/** An instance of a class may, too; but a signal, or a map, that is given in their place holds none, and would be taken for no options. */
function mayHoldOptions(given: unknown, names: readonly string[]): given is object {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false;
  return hasNoClass(given) || names.some((name) => name in given);
}

/** Whether an object has no class: of whichever realm. */
export function hasNoClass(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

export function checkInteger(name: string, value: unknown, from: number, to: number, or = ''): void {
  if (Number.isInteger(value) && (value as number) >= from && (value as number) <= to) return;
  if (value === Number.POSITIVE_INFINITY && to === Number.POSITIVE_INFINITY) return;
  const range = to === Number.POSITIVE_INFINITY ? `an integer ≥ ${from}` : `an integer from ${from} to ${to}`;
  throw invalid(name, value, or + range);
}

export function integer(
  name: string,
  value: number | undefined,
  from: number,
  to: number,
  byDefault: number,
): number {
  if (value === undefined) return byDefault;
  checkInteger(name, value, from, to);
  return value;
}

export function positive(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !(value > 0)) throw invalid(name, value, 'a number > 0');
  return value;
}

export function duration(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !(value > 0)) throw invalid(name, value, 'a number of ms > 0');
  if (value === Number.POSITIVE_INFINITY) return 0;
  if (value > MOST_MS) throw invalid(name, value, `a number of ms up to ${MOST_MS}, or Infinity for none`);
  return value;
}

/** Unlike for `duration`, zero is no time at all, and `Infinity` stays. */
export function durationOrZero(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !(value >= 0)) throw invalid(name, value, 'a number of ms ≥ 0');
  if (value > MOST_MS && value !== Number.POSITIVE_INFINITY) {
    throw invalid(name, value, `a number of ms up to ${MOST_MS}, or Infinity for never`);
  }
  return value;
}

export function boolean(name: string, value: boolean | undefined, byDefault: boolean): boolean {
  if (value === undefined) return byDefault;
  if (typeof value !== 'boolean') throw invalid(name, value, 'true or false');
  return value;
}
