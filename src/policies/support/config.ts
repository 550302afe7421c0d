import { InvalidOptionError } from '../../errors/errors.js';
import { type Duration, toMs } from './duration.js';

/** Checks one field of a policy's config; `path` names it in the error. */
export type Check = (value: unknown, path: string) => void;

/** The fields that a policy's config may have. */
export type Schema = Readonly<Record<string, Check>>;

/** A value as it may stand in a message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `function ${value.name}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an object without properties' : `an object with ${keys.join(', ')}`;
}

/** Throws `InvalidOptionError` unless the value is an object with no other fields than the schema's, each valid. */
export function checkConfig(config: unknown, schema: Schema, path: string): void {
  if (!isRecord(config)) throw new InvalidOptionError(path, describe(config), 'an object');
  const allowed = Object.keys(schema);
  for (const [field, value] of Object.entries(config)) {
    const check = Object.hasOwn(schema, field) ? schema[field] : undefined;
    if (check === undefined) {
      const fields = allowed.length === 0 ? 'no fields' : `only the fields ${allowed.join(', ')}`;
      throw new InvalidOptionError(`${path}.${field}`, describe(value), fields);
    }
    if (value !== undefined) check(value, `${path}.${field}`);
  }
}

/** An object, but no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function boolean(value: unknown, path: string): void {
  if (typeof value !== 'boolean') throw new InvalidOptionError(path, describe(value), 'true or false');
}

export function integerFrom(least: number, most = Number.MAX_SAFE_INTEGER): Check {
  return (value, path) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
    const to = most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`;
    throw new InvalidOptionError(path, describe(value), `an integer from ${least}${to}`);
  };
}

export function numberFrom(least: number): Check {
  return (value, path) => {
    if (Number.isFinite(value) && (value as number) >= least) return;
    throw new InvalidOptionError(path, describe(value), `a finite number from ${least}`);
  };
}

/** `least`: whether 0 is allowed. */
export function duration(least: 'zero' | 'more than zero'): Check {
  return (value, path) => {
    const ms = typeof value === 'number' || typeof value === 'string' ? toMs(value as Duration) : Number.NaN;
    if (Number.isFinite(ms) && (ms > 0 || (ms === 0 && least === 'zero'))) return;
    const range = least === 'zero' ? '0 or more' : 'more than 0';
    throw new InvalidOptionError(path, describe(value), `${range}, in ms, or in seconds as in '1.5s'`);
  };
}
