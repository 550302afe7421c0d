/**
 * Small plain data as JSON: objects and arrays that JSON carries exactly as structured clone would. As text
 * in a slot they take a fraction of the time of a message.
 *
 * Written here and not by `JSON.stringify`: each property is read once, as structured clone does, so the
 * value that was found fit is the one that is written; and no `toJSON` is called.
 */
import { types } from 'node:util';
import { isRecord } from './plain-object.js';

/** More values would not fit a slot anyway. */
const MAX_VALUES = 48;

/** Not plain data, or too long. */
export const UNFIT = -1;
/** There are characters above `most`. */
export const WIDE = -2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const ZERO = 0x30;
const SPACE = 0x20;

type Chars = Uint8Array | Uint16Array;

/** Objects met since `beginJson`, up to `endJson`: JSON would lose the identity of one that is met twice. */
const seen: object[] = [];
let left = 0;
/** Counts the calls of `beginJson`, modulo 2^32. */
let turns = 0;

/**
 * Call it before the values of one slot.
 * @param most values to look at before giving up
 * @returns for `isCurrentJson`
 */
export function beginJson(most = MAX_VALUES): number {
  endJson();
  left = most;
  turns = (turns + 1) | 0;
  return turns;
}

/** Call it after them: what was written may be large, and is not to be kept alive. */
export function endJson(): void {
  if (seen.length > 0) seen.length = 0;
}

/** Whether no getter has written other values since that call of `beginJson`. */
export function isCurrentJson(turn: number): boolean {
  return turn === turns;
}

/**
 * Writes an object as JSON, if JSON carries it exactly. Getters run meanwhile, and may themselves write a
 * slot: then the caller must drop what was written.
 * @param at first index of the text
 * @param limit end of `chars`
 * @param most the largest character
 * @returns the end of the text, or `UNFIT`, or `WIDE`
 * @throws what a getter throws
 */
export function writeJson(chars: Chars, at: number, limit: number, most: number, value: object): number {
  const before = left;
  const met = seen.length;
  const to = writeObject(chars, at, limit, most, value);
  if (to === WIDE) {
    // The caller writes it again, in wide characters.
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
  // JSON would lose holes, and an array's other properties.
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
  // JSON has neither NaN, infinities nor -0.
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
    // `\u00ab` takes 6, and the rest and its quote must still fit.
    if (to + 6 + (length - i) > limit) return UNFIT;
    to = writeAscii(chars, to, limit, `\\u00${code < 0x10 ? '0' : ''}${code.toString(16)}`);
  }
  chars[to++] = QUOTE;
  return to;
}
