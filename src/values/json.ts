/**
 * Small plain data: objects and arrays that JSON carries exactly as structured clone would. As text in a slot they take
 * a fraction of the time of a message each way.
 *
 * The text is written here and not by `JSON.stringify`. So each property is looked at once, as structured clone does, and what a getter
 * gives is of the kind that was found fit; and no `toJSON` is asked, wherever it hides.
 */
import { types } from 'node:util';
import { isRecord } from './plain-object.js';

/** Values looked at before giving up: what has more does not fit a slot anyway. */
const MOST_VALUES = 48;

/** It is no plain data, or does not fit. */
export const UNFIT = -1;
/** It has characters beyond the given ones. */
export const WIDE = -2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const ZERO = 0x30;
const SPACE = 0x20;

type Chars = Uint8Array | Uint16Array;

/** Objects met since `begin`: one that is met twice has an identity, which JSON loses. */
const seen: object[] = [];
let left = 0;

/** To be called before the values of one slot. */
export function begin(): void {
  if (seen.length > 0) seen.length = 0;
  left = MOST_VALUES;
}

/**
 * Writes an object as JSON, if that carries it as it is. Getters run meanwhile, and may write something else in between: then what was
 * written is to be dropped.
 * @param at where in the characters, and where these end
 * @param most the largest character
 * @returns where the text ends; or `UNFIT`, or `WIDE`
 * @throws what a getter throws
 */
export function writePlain(chars: Chars, at: number, limit: number, most: number, value: object): number {
  const before = left;
  const met = seen.length;
  const to = writeObject(chars, at, limit, most, value);
  if (to === WIDE) {
    // To be written once more.
    left = before;
    seen.length = met;
  }
  return to;
}

function writeObject(chars: Chars, at: number, limit: number, most: number, value: object): number {
  if (types.isProxy(value) || seen.includes(value)) return UNFIT;
  seen.push(value);
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto === Object.prototype)
    return writeRecord(chars, at, limit, most, value as Record<string, unknown>);
  return proto === Array.prototype ? writeArray(chars, at, limit, most, value) : UNFIT;
}

function writeArray(chars: Chars, at: number, limit: number, most: number, value: object): number {
  if (!Array.isArray(value)) return UNFIT;
  const { length } = value;
  // Structured clone keeps holes, and an array's other properties.
  if (length > left || Object.keys(value).length !== length || at + 2 > limit) return UNFIT;
  let to = at;
  chars[to++] = 0x5b;
  for (let i = 0; i < length; i++) {
    if (i > 0) {
      if (to >= limit) return UNFIT;
      chars[to++] = COMMA;
    }
    to = writeAny(chars, to, limit, most, value[i]);
    if (to < 0) return to;
  }
  if (to >= limit) return UNFIT;
  chars[to++] = 0x5d;
  return to;
}

function writeRecord(
  chars: Chars,
  at: number,
  limit: number,
  most: number,
  value: Record<string, unknown>,
): number {
  const keys = Object.keys(value);
  if (at + 2 > limit || !isRecord(value, keys.length)) return UNFIT;
  let to = at;
  chars[to++] = 0x7b;
  for (let i = 0; i < keys.length; i++) {
    if (i > 0) {
      if (to >= limit) return UNFIT;
      chars[to++] = COMMA;
    }
    const key = keys[i] as string;
    to = writeText(chars, to, limit, most, key);
    if (to < 0) return to;
    if (to >= limit) return UNFIT;
    chars[to++] = COLON;
    to = writeAny(chars, to, limit, most, value[key]);
    if (to < 0) return to;
  }
  if (to >= limit) return UNFIT;
  chars[to++] = 0x7d;
  return to;
}

function writeAny(chars: Chars, at: number, limit: number, most: number, value: unknown): number {
  if (--left < 0) return UNFIT;
  switch (typeof value) {
    case 'string':
      return writeText(chars, at, limit, most, value);
    case 'boolean':
      return writeAscii(chars, at, limit, value ? 'true' : 'false');
    case 'number':
      return writeNumber(chars, at, limit, value);
    case 'object':
      return value === null
        ? writeAscii(chars, at, limit, 'null')
        : writeObject(chars, at, limit, most, value);
    default:
      return UNFIT;
  }
}

function writeNumber(chars: Chars, at: number, limit: number, value: number): number {
  // JSON knows neither NaN nor infinities, nor -0.
  if (!Number.isFinite(value) || Object.is(value, -0)) return UNFIT;
  if (value < 0 || (value | 0) !== value) return writeAscii(chars, at, limit, String(value));
  let to = at + 1;
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) to++;
  if (to > limit) return UNFIT;
  for (let rest = value, i = to - 1; i >= at; i--) {
    chars[i] = ZERO + (rest % 10);
    rest = (rest / 10) | 0;
  }
  return to;
}

function writeAscii(chars: Chars, at: number, limit: number, text: string): number {
  const { length } = text;
  if (at + length > limit) return UNFIT;
  for (let i = 0; i < length; i++) chars[at + i] = text.charCodeAt(i);
  return at + length;
}

function writeText(chars: Chars, at: number, limit: number, most: number, text: string): number {
  const { length } = text;
  if (at + length + 2 > limit) return UNFIT;
  let to = at;
  chars[to++] = QUOTE;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > most) return WIDE;
    if (code >= SPACE && code !== QUOTE && code !== BACKSLASH) {
      chars[to++] = code;
      continue;
    }
    // `\u00ab`, and what is still to come with its quote.
    if (to + 6 + (length - i) > limit) return UNFIT;
    to = writeAscii(chars, to, limit, `\\u00${code < 0x10 ? '0' : ''}${code.toString(16)}`);
  }
  chars[to++] = QUOTE;
  return to;
}
