/**
 * How options are checked: rules for single values, and errors that name the option, its value and the
 * allowed ones.
 */

import { didYouMean } from '../errors/did-you-mean.js';
import { InvalidOptionError } from '../errors/errors.js';
import { equivalentOf } from './equivalents.js';

/** The longest time that Node's timers take. */
export const MOST_MS = 2 ** 31 - 1;

/** Which values an option takes. */
export interface Rule {
  /** Finishes the sentence "expected …". */
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
}

/** Each option of an object: its default and its rule. The default itself need not pass the rule. */
export type Fields<T> = { readonly [K in keyof T]-?: readonly [byDefault: T[K], rule: Rule] };

/** The options with every default filled in. */
export type Resolved<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

export const BOOLEAN: Rule = {
  allowed: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};
export const STRING: Rule = {
  allowed: 'a string',
  accepts: (value) => typeof value === 'string',
};
export const STRINGS: Rule = {
  allowed: 'an array of strings',
  accepts: (value) => Array.isArray(value) && value.every((part) => typeof part === 'string'),
};
export const FUNCTION: Rule = {
  allowed: 'a function',
  accepts: (value) => typeof value === 'function',
};
export const SIGNAL: Rule = {
  allowed: 'an AbortSignal',
  accepts: (value) => value instanceof AbortSignal,
};
export const FINITE_NUMBER: Rule = {
  allowed: 'a finite number',
  accepts: Number.isFinite,
};
export const POSITIVE_NUMBER: Rule = {
  allowed: 'a number > 0',
  accepts: (value) => typeof value === 'number' && value > 0,
};
export const PERCENTAGE: Rule = numberIn(0, 100);
/** A time limit: zero would leave no time at all, so it is refused. */
export const TIMEOUT: Rule = {
  allowed: `a number of ms > 0 and up to ${MOST_MS}, or Infinity for none`,
  accepts: (value) => typeof value === 'number' && value > 0 && isTimerLength(value),
};
/** A time that may be none: zero means at once. */
export const DELAY: Rule = {
  allowed: `a number of ms from 0 to ${MOST_MS}, or Infinity`,
  accepts: (value) => typeof value === 'number' && value >= 0 && isTimerLength(value),
};

function isTimerLength(ms: number): boolean {
  return ms <= MOST_MS || ms === Number.POSITIVE_INFINITY;
}

/** A finite number within bounds. */
export function numberIn(least: number, most: number): Rule {
  return {
    allowed: most === Number.POSITIVE_INFINITY ? `a number ≥ ${least}` : `a number from ${least} to ${most}`,
    accepts: (value) => Number.isFinite(value) && (value as number) >= least && (value as number) <= most,
  };
}

/** An integer within bounds. */
export function integerIn(least: number, most: number): Rule {
  return {
    allowed:
      most === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${least}` : `an integer from ${least} to ${most}`,
    accepts: (value) =>
      Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

export function integerFrom(least: number): Rule {
  return integerIn(least, Number.MAX_SAFE_INTEGER);
}

/** A count, or `Infinity` for no limit. */
export function limitFrom(least: number): Rule {
  const { allowed, accepts } = integerFrom(least);
  return { allowed, accepts: (value) => value === Number.POSITIVE_INFINITY || accepts(value) };
}

export function oneOf(...values: readonly string[]): Rule {
  return {
    allowed: values.map((value) => `'${value}'`).join(' or '),
    accepts: (value) => values.includes(value as string),
  };
}

/** The same values, beside others that the caller checks. */
export function beside(others: string, rule: Rule): Rule {
  return { allowed: `${others} or ${rule.allowed}`, accepts: rule.accepts };
}

export function invalid(name: string, given: unknown, allowed: string): InvalidOptionError {
  return new InvalidOptionError(name, display(given), allowed);
}

/** @throws InvalidOptionError */
export function validate(name: string, value: unknown, rule: Rule): void {
  if (!rule.accepts(value)) throw invalid(name, value, rule.allowed);
}

/** @returns the value, or the default where it is `undefined` @throws InvalidOptionError */
export function resolve<T>(name: string, value: T | undefined, rule: Rule, byDefault: T): T {
  if (value === undefined) return byDefault;
  validate(name, value, rule);
  return value;
}

/**
 * The value of an option, if the object has it (see `isOption`). It is read only once, since a getter may
 * answer differently, and not at all where it does not count.
 */
export function ownValue<T extends object, Name extends keyof T & string>(
  options: T,
  name: Name,
): T[Name] | undefined {
  return isOption(options, name) ? options[name] : undefined;
}

/**
 * Whether the object has an option: as a property of its own, or of its class. Properties of
 * `Object.prototype` do not count, so that a program with a polluted prototype does not hand them on to its
 * threads; nor is a getter there called, which may throw.
 */
export function isOption(options: object, name: string): boolean {
  let owner: object | null = options;
  while (owner !== null && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
  return owner === options || (owner !== null && !isObjectPrototype(owner));
}

/** Whether it is `Object.prototype`, of any realm. */
function isObjectPrototype(value: object): boolean {
  return Object.getPrototypeOf(value) === null && Object.hasOwn(value, 'isPrototypeOf');
}

/**
 * Checks each option of an object, and fills in the defaults.
 * @param others names of further options, which the caller checks
 * @throws InvalidOptionError naming the option as `<name>.<option>`, also for an option that does not exist
 */
export function resolveFields<T extends object>(
  name: string,
  given: object,
  fields: Fields<T>,
  others: readonly string[] = [],
): T {
  validateNames(name, given, [...Object.keys(fields), ...others]);
  const resolved: Record<string, unknown> = Object.create(null);
  for (const [key, [byDefault, rule]] of Object.entries<readonly [unknown, Rule]>(fields)) {
    const value = ownValue(given as Record<string, unknown>, key);
    resolved[key] = resolve(`${name}.${key}`, value, rule, byDefault);
  }
  return resolved as T;
}

/** Every default of an object of options. */
export function defaultsOf<T extends object>(fields: Fields<T>): T {
  return resolveFields('defaults', {}, fields);
}

/**
 * Refuses anything that cannot hold options, and options that do not exist.
 * @throws InvalidOptionError
 */
export function validateNames(
  name: string,
  given: unknown,
  known: readonly string[],
): asserts given is object {
  if (!mayHoldOptions(given, known)) {
    const example = given instanceof AbortSignal && known.includes('signal') ? ', as in { signal }' : '';
    throw invalid(name, given, `an object of options${example}`);
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    throw new InvalidOptionError(
      `${name}.${key}`,
      `an unknown option${advice(key, known)}`,
      known.length === 0 ? 'no options' : `one of ${known.join(', ')}`,
    );
  }
}

/** What an option that does not exist is called here, or may have been meant to be. */
function advice(option: string, known: readonly string[]): string {
  const equivalent = equivalentOf(option, known);
  if (equivalent !== undefined) return ` (here that is ${equivalent})`;
  const meant = didYouMean(option, known);
  return meant === undefined ? '' : ` (did you mean '${meant}'?)`;
}

/**
 * An instance of a class may hold options. A signal or a map given in place of the options holds none: it
 * would pass for an object without options.
 */
function mayHoldOptions(given: unknown, known: readonly string[]): given is object {
  if (!isRecord(given)) return false;
  return hasNoClass(given) || known.some((name) => isOption(given, name));
}

/** An object, but no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether an object is no instance of a class, in its own realm. */
export function hasNoClass(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A value as error messages show it. */
export function display(value: unknown): string {
  try {
    return displayed(value);
  } catch {
    return 'an object that cannot be shown';
  }
}

/** Property names that are shown of an object. */
const KEYS_SHOWN = 5;

function displayed(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (!hasNoClass(value)) return `an object (${value.constructor?.name ?? 'no class'})`;
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  return `an object with ${keys.slice(0, KEYS_SHOWN).join(', ')}${keys.length > KEYS_SHOWN ? ', …' : ''}`;
}
