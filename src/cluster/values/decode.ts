/** Text → value; see `encode.ts`. The text may have been written by anybody. */
import { decodeFailure } from '../../errors/decode.js';
import { defineOwn } from '../../errors/define-own.js';
import type { Failure } from '../../errors/form.js';
import { MalformedMessageError } from '../errors.js';
import { MOST_DEPTH, UNDEFINED } from './encode.js';

/** @throws MalformedMessageError */
export function decodeValue(text: unknown): unknown {
  if (typeof text !== 'string') throw new MalformedMessageError('the value is no text');
  if (text === UNDEFINED) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new MalformedMessageError('the value is not JSON', { cause });
  }
  return typeof parsed === 'object' && hasTags(text) ? restoreValue(parsed) : parsed;
}

/** Whether a value of this text may need `restoreValue`. */
export function hasTags(text: string): boolean {
  // Within the text of a string, quotes have a backslash before them.
  return text.includes('"$"');
}

/** A value that `JSON.parse` has made of its text. @throws MalformedMessageError */
export function restoreValue(parsed: unknown): unknown {
  return restore(parsed, 0);
}

/** What was thrown; see `encodeThrown`. Never throws. */
export function decodeThrown(text: unknown): unknown {
  try {
    return decodeFailure(decodeValue(text) as Failure);
  } catch (cause) {
    return new MalformedMessageError('the task has failed, and its error cannot be read', { cause });
  }
}

function restore(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 3 * MOST_DEPTH) throw new MalformedMessageError('the value is nested too deep');
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = restore(value[i], depth + 1);
    return value;
  }
  if (Object.hasOwn(value, '$')) return restoreTagged((value as { $: unknown }).$, depth + 1);
  return restoreRecord(value as Record<string, unknown>, depth);
}

function restoreRecord(record: Record<string, unknown>, depth: number): object {
  for (const key of Object.keys(record)) {
    const part = record[key];
    if (typeof part === 'object' && part !== null) defineOwn(record, key, restore(part, depth + 1));
  }
  return record;
}

type TypedArray = new (buffer: ArrayBuffer) => object;

const VIEWS: ReadonlyMap<unknown, TypedArray> = new Map<unknown, TypedArray>([
  ['Int8Array', Int8Array],
  ['Uint8Array', Uint8Array],
  ['Uint8ClampedArray', Uint8ClampedArray],
  ['Int16Array', Int16Array],
  ['Uint16Array', Uint16Array],
  ['Int32Array', Int32Array],
  ['Uint32Array', Uint32Array],
  ['Float32Array', Float32Array],
  ['Float64Array', Float64Array],
  ['BigInt64Array', BigInt64Array],
  ['BigUint64Array', BigUint64Array],
  ['DataView', DataView],
]);

const NUMBERS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

function restoreTagged(parts: unknown, depth: number): unknown {
  if (!Array.isArray(parts)) throw new MalformedMessageError('a tag is no list');
  const [tag, content, more] = parts;
  const View = VIEWS.get(tag);
  try {
    if (View !== undefined) return new View(bytesOf(content));
    switch (tag) {
      case 'undefined':
        return undefined;
      case 'number': {
        const number = NUMBERS.get(content);
        if (number !== undefined) return number;
        break;
      }
      case 'bigint':
        if (typeof content === 'string' && /^-?\d+$/.test(content)) return BigInt(content);
        break;
      case 'object':
        if (isPlain(content)) return restoreRecord(content, depth);
        break;
      case 'Date':
        if (content === null || typeof content === 'number') return new Date(content ?? Number.NaN);
        break;
      case 'RegExp':
        if (typeof content === 'string' && typeof more === 'string') return new RegExp(content, more);
        break;
      case 'ArrayBuffer':
        return bytesOf(content);
      case 'Error':
        return decodeFailure(restore(content, depth) as Failure);
      case 'Map':
        return new Map(entriesOf(content, depth));
      case 'Set':
        if (Array.isArray(content)) return new Set(content.map((part) => restore(part, depth)));
        break;
    }
  } catch (cause) {
    if (cause instanceof MalformedMessageError) throw cause;
    throw new MalformedMessageError('a tagged value is wrong', { cause });
  }
  throw new MalformedMessageError('a tagged value is wrong');
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bytesOf(content: unknown): ArrayBuffer {
  if (typeof content !== 'string') throw new MalformedMessageError('bytes are no text');
  // Of its own: a Buffer may be a part of a pool.
  return new Uint8Array(Buffer.from(content, 'base64')).buffer;
}

function entriesOf(content: unknown, depth: number): [unknown, unknown][] {
  if (!Array.isArray(content)) throw new MalformedMessageError('a Map is no list');
  return content.map((entry) => {
    if (!Array.isArray(entry) || entry.length !== 2) throw new MalformedMessageError('an entry is no pair');
    return [restore(entry[0], depth), restore(entry[1], depth)];
  });
}
