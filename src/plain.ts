/**
 * Small plain data: objects and arrays that JSON carries exactly as structured clone would. As text in a slot they take
 * a fraction of the time of a message each way. (A getter is read twice, the only difference.)
 */
import { types } from 'node:util';

/** Values looked at before giving up: what has more does not fit a slot anyway. */
const MOST_VALUES = 48;

/** Objects met since `begin`: one that is met twice has an identity, which JSON loses. */
const seen: object[] = [];
let left = 0;

/** To be called before the values of one slot. */
export function begin(): void {
  if (seen.length > 0) seen.length = 0;
  left = MOST_VALUES;
}

/**
 * Whether JSON carries the object as it is.
 * @throws what a getter throws
 */
export function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  const isArray = proto === Array.prototype;
  if (!isArray && proto !== Object.prototype) return false;
  if (types.isProxy(value) || seen.includes(value)) return false;
  seen.push(value);
  return isArray ? isPlainArray(value) : isPlainRecord(value as Record<string, unknown>);
}

function isPlainArray(value: object): boolean {
  if (!Array.isArray(value)) return false;
  const { length } = value;
  // Structured clone keeps holes, and an array's other properties.
  if (length > left || Object.keys(value).length !== length) return false;
  for (let i = 0; i < length; i++) if (!isPlainValue(value[i])) return false;
  return true;
}

function isPlainRecord(value: Record<string, unknown>): boolean {
  // Math and the like have a tag; structured clone refuses some of them.
  if (Symbol.toStringTag in value) return false;
  for (const key of Object.keys(value)) if (!isPlainValue(value[key])) return false;
  return true;
}

function isPlainValue(value: unknown): boolean {
  if (--left < 0) return false;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      // JSON knows neither NaN nor infinities, nor -0.
      return Number.isFinite(value) && (value !== 0 || 1 / value > 0);
    case 'object':
      return value === null || isPlain(value);
    default:
      return false;
  }
}
