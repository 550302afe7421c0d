/** Writes plain data as bytes; `tree-format.ts` has the format, and why. */
import { types } from 'node:util';
import { isRecord } from './plain-object.js';
import { layOut } from './tree-bytes.js';
import { constants, TAG_BITS, tags } from './tree-format.js';
import { Shapes } from './tree-shapes.js';

/** The reader needs a stack for them, too, and may have a smaller one. */
const MOST_DEPTH = 200;
/** Of numbers, likewise of doubles; more are left to structured clone. */
const MOST_WORDS = 2 ** 20;
/** Elements of one array: their names are counted. */
const MOST_ELEMENTS = 100_000;
/** Elements of one array that are no objects: longer lists of numbers or strings are faster as they are. */
const MOST_PRIMITIVES = 32;
/** Characters of strings that are long. More of them are copied faster in a message. */
const MOST_LONG_CHARACTERS = 4_096;
const LONG = 256;
/** Words that were written in vain from which on they count. */
const MUCH = 256;
const MOST_SKIPPED = 64;
const MOST_OPERAND = 2 ** (31 - TAG_BITS);
/** Places at which a string that was met not long ago is looked for; a power of two. */
const RECENT = 64;

let words = new Int32Array(1_024);
let used = 0;
let doubles = new Float64Array(128);
let usedDoubles = 0;
let strings: string[] = [];
let longCharacters = 0;
/** Numbers of strings, by a hash. One may be that of another tree, so it is only where to look. */
const recent = new Int32Array(RECENT);
const shapes = new Shapes();
/**
 * Bytes would lose the identity of an object that is met twice.
 *
 * A set for each call: V8 links the table of one that is emptied to the next table, and while it has one of
 * them for alive, it copies all that follow (see `src/protocol/stash.ts`).
 */
let seen = new Set<object>();
const NONE = seen;
let depth = 0;
/** Counts the calls, modulo 2^32: a getter may have another value written meanwhile. */
let turns = 0;

/** Calls that are not tried, and how many will not be after the next one in vain. */
let skip = 0;
let penalty = 1;

/**
 * After values of which much was written in vain it is not tried for a while.
 * @returns its bytes, which are there until the next call; `undefined`: it is not plain data, or has an object
 * twice, or parts that structured clone carries better. Then nothing is known of it
 */
export function writeTree(value: object): Uint8Array | undefined {
  if (skip > 0) {
    skip--;
    return undefined;
  }
  const bytes = tryToWrite(value);
  if (bytes !== undefined) penalty = 1;
  else if (used > MUCH) {
    skip = penalty;
    penalty = Math.min(MOST_SKIPPED, 2 * penalty);
  }
  return bytes;
}

function tryToWrite(value: object): Uint8Array | undefined {
  turns = (turns + 1) | 0;
  const turn = turns;
  used = 0;
  usedDoubles = 0;
  longCharacters = 0;
  strings = [];
  shapes.clear();
  seen = new Set();
  depth = 0;
  try {
    if (!writeObject(value) || turn !== turns) return undefined;
    return layOut(words.subarray(0, used), doubles.subarray(0, usedDoubles), strings, shapes.text);
  } catch {
    // A getter or a trap threw. The clone meets that as well, and its error says more.
    return undefined;
  } finally {
    strings = [];
    seen = NONE;
  }
}

function writeAny(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return put(tags.constant, value ? constants.true : constants.false);
    case 'undefined':
      return put(tags.constant, constants.undefined);
    case 'object':
      return value === null ? put(tags.constant, constants.null) : writeObject(value);
    default:
      return false;
  }
}

function put(tag: number, operand: number): boolean {
  if (used === words.length) {
    if (used >= MOST_WORDS) return false;
    const more = new Int32Array(2 * used);
    more.set(words);
    words = more;
  }
  words[used++] = (operand << TAG_BITS) | tag;
  return true;
}

function writeNumber(value: number): boolean {
  // Not -0.
  if (Object.is(value | 0, value) && value < MOST_OPERAND / 2 && value >= -MOST_OPERAND / 2)
    return put(tags.int, value);
  if (usedDoubles === doubles.length) {
    if (usedDoubles >= MOST_WORDS) return false;
    const more = new Float64Array(2 * usedDoubles);
    more.set(doubles);
    doubles = more;
  }
  doubles[usedDoubles] = value;
  return put(tags.double, usedDoubles++);
}

function writeString(value: string): boolean {
  const { length } = value;
  if (length >= LONG) {
    longCharacters += length;
    if (longCharacters > MOST_LONG_CHARACTERS) return false;
  }
  const hash =
    length === 0 ? 0 : (31 * length + 7 * value.charCodeAt(0) + value.charCodeAt(length - 1)) & (RECENT - 1);
  const known = recent[hash] as number;
  if (strings[known] === value) return put(tags.string, known);
  recent[hash] = strings.length;
  strings.push(value);
  return put(tags.string, strings.length - 1);
}

function writeObject(value: object): boolean {
  const met = seen.size;
  seen.add(value);
  if (seen.size === met || depth >= MOST_DEPTH || types.isProxy(value)) return false;
  depth++;
  const isWritten = Array.isArray(value)
    ? writeArray(value)
    : Object.getPrototypeOf(value) === Object.prototype && writeRecord(value as Record<string, unknown>);
  depth--;
  return isWritten;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function writeArray(value: readonly unknown[]): boolean {
  const { length } = value;
  if (length > MOST_ELEMENTS || (length > MOST_PRIMITIVES && !isObject(value[0]))) return false;
  // Neither an instance of a subclass, nor holes, nor other properties.
  if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== length) return false;
  if (!put(tags.array, length)) return false;
  for (let i = 0; i < length; i++) {
    const part = value[i];
    if (part === undefined && !Object.hasOwn(value, i)) return false;
    if (!writeAny(part)) return false;
  }
  return true;
}

function writeRecord(value: Record<string, unknown>): boolean {
  const keys = Object.keys(value);
  const { length } = keys;
  if (!isRecord(value, length)) return false;
  const shape = shapes.numberOf(keys);
  if (shape < 0 || !put(tags.object, shape)) return false;
  for (let i = 0; i < length; i++) {
    const key = keys[i] as string;
    const part = value[key];
    // A getter may have deleted it.
    if (part === undefined && !Object.hasOwn(value, key)) return false;
    if (!writeAny(part)) return false;
  }
  return true;
}
