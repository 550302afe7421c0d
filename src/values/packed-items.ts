/**
 * The items of a chunk on their way to a thread, in the form that costs least for what they are. Used by both sides.
 *
 * Only values that arrive exactly as they would alone are fit: items that share an object would be seen to share it in the thread, so
 * objects travel as JSON, which knows no identity, and what JSON does not carry exactly is unfit.
 */
import type { PackedItems } from '../protocol/messages.js';
import { beginJson, isCurrentJson, WIDE, writeJson } from './json.js';

/** Values in one item that are looked at. */
const MOST_VALUES = 256;
/** Characters of JSON of one item. */
const SCRATCH = 64 * 1024;

/** Items that are next to each other, and go together. */
export interface ItemRun {
  readonly items: PackedItems;
  readonly count: number;
  /** Of them, about. */
  readonly bytes: number;
}

/**
 * Packs as many items as can go together, from one on.
 * @param to after the last one that may
 * @returns `undefined`: the first one is unfit, and must travel alone
 */
export function packItems(items: readonly unknown[], from: number, to: number): ItemRun | undefined {
  const first = items[from];
  return typeof first === 'object' && first !== null
    ? packObjects(items, from, to)
    : packPrimitives(items, from, to);
}

function packPrimitives(items: readonly unknown[], from: number, to: number): ItemRun | undefined {
  let strings = 0;
  let numbers = 0;
  let end = from;
  for (; end < to; end++) {
    const item = items[end];
    const type = typeof item;
    if (type === 'string') strings++;
    else if (type === 'number') numbers++;
    else if (type === 'function' || type === 'symbol' || (type === 'object' && item !== null)) break;
  }
  const count = end - from;
  if (count === 0) return undefined;
  const run = count === items.length ? items : items.slice(from, end);
  if (strings === count) return packTexts(run as readonly string[]);
  const packed: PackedItems =
    numbers === count ? packNumbers(run as readonly number[]) : { form: 'values', values: run };
  return { items: packed, count, bytes: strings === 0 ? 8 * count : bytesOf(run) };
}

function bytesOf(values: readonly unknown[]): number {
  let bytes = 0;
  for (const value of values) bytes += typeof value === 'string' ? 2 * value.length : 8;
  return bytes;
}

function packTexts(texts: readonly string[]): ItemRun {
  const { length } = texts;
  const ends = new Uint32Array(length);
  let end = 0;
  for (let i = 0; i < length; i++) {
    end += (texts[i] as string).length;
    ends[i] = end;
  }
  return { items: { form: 'text', text: texts.join(''), ends }, count: length, bytes: 2 * end };
}

function packNumbers(values: readonly number[]): PackedItems {
  const { length } = values;
  const integers = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    // -0 is none either.
    if (!Object.is(value | 0, value)) return { form: 'numbers', numbers: Float64Array.from(values) };
    integers[i] = value;
  }
  return { form: 'numbers', numbers: integers };
}

function packObjects(items: readonly unknown[], from: number, to: number): ItemRun | undefined {
  let text = '';
  let end = from;
  for (; end < to; end++) {
    const item = items[end];
    if (typeof item !== 'object' || item === null) break;
    const json = jsonOf(item);
    if (json === undefined) break;
    text = end === from ? json : `${text},${json}`;
  }
  if (end === from) return undefined;
  return { items: { form: 'json', text: `[${text}]` }, count: end - from, bytes: 2 * text.length };
}

// One for all: what is written there is read at once.
let latin1: Uint8Array | undefined;
let wide: Uint16Array | undefined;

/** JSON of an object, if that carries it exactly as structured clone would. */
function jsonOf(item: object): string | undefined {
  latin1 ??= new Uint8Array(SCRATCH);
  try {
    const turn = beginJson(MOST_VALUES);
    const end = writeJson(latin1, 0, SCRATCH, 0xff, item);
    if (!isCurrentJson(turn)) return undefined;
    if (end > 0) return Buffer.from(latin1.buffer, 0, end).toString('latin1');
    if (end !== WIDE) return undefined;
    wide ??= new Uint16Array(SCRATCH);
    const wideEnd = writeJson(wide, 0, SCRATCH, 0xffff, item);
    if (wideEnd < 0 || !isCurrentJson(turn)) return undefined;
    return Buffer.from(wide.buffer, 0, wideEnd * 2).toString('utf16le');
  } catch {
    // A getter threw. The item fails alone, with the error of the clone.
    return undefined;
  }
}

/** In the thread: gives each item by its index. */
export function unpackItems(packed: PackedItems): (index: number) => unknown {
  switch (packed.form) {
    case 'text': {
      const { text, ends } = packed;
      return (index) => text.slice(index === 0 ? 0 : ends[index - 1], ends[index]);
    }
    case 'numbers': {
      const { numbers } = packed;
      return (index) => numbers[index];
    }
    case 'values': {
      const { values } = packed;
      return (index) => values[index];
    }
    case 'json': {
      const values = JSON.parse(packed.text) as unknown[];
      return (index) => values[index];
    }
  }
}
