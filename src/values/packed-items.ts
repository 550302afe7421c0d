/**
 * The items of a chunk on their way to a thread, in the form that costs least for what they are. Used by both
 * sides.
 *
 * Only values that arrive exactly as they would alone are fit: items that share an object would be seen to
 * share it in the thread, so objects travel as JSON, which knows no identity, and what JSON does not carry
 * exactly is unfit.
 */
import type { Memory } from '../protocol/layout.js';
import type { PackedItems } from '../protocol/messages.js';
import { type ChunkMemories, type ChunkMemory, textsFrom } from './chunk-memory.js';
import { MOST_CHARACTERS, readTexts, writeObjects, writeTexts } from './packed-text.js';

/** Items that are next to each other, and go together. */
export interface ItemRun {
  readonly items: PackedItems;
  readonly count: number;
  /** Of them, about. */
  readonly bytes: number;
  readonly memory: ChunkMemory;
}

/**
 * Packs as many items as can go together, from one on.
 * @param to after the last one that may
 * @param bytes of all of them, about
 * @returns `undefined`: the first one is unfit, and must travel alone
 */
export function packItems(
  items: readonly unknown[],
  from: number,
  to: number,
  bytes: number,
  memories: ChunkMemories,
): ItemRun | undefined {
  const first = items[from];
  return typeof first === 'object' && first !== null
    ? packObjects(items, from, to, bytes, memories)
    : packPrimitives(items, from, to, memories);
}

function packPrimitives(
  items: readonly unknown[],
  from: number,
  to: number,
  memories: ChunkMemories,
): ItemRun | undefined {
  let strings = 0;
  let numbers = 0;
  let characters = 0;
  let end = from;
  for (; end < to; end++) {
    const item = items[end];
    if (typeof item === 'string') {
      if (item.length > MOST_CHARACTERS) break;
      strings++;
      characters += item.length;
    } else if (typeof item === 'number') numbers++;
    else if (
      typeof item === 'function' ||
      typeof item === 'symbol' ||
      (typeof item === 'object' && item !== null)
    )
      break;
  }
  const count = end - from;
  if (count === 0) return undefined;
  if (strings === count) return packTexts(items as readonly string[], from, end, characters, memories);
  const run = count === items.length ? items : items.slice(from, end);
  const packed: PackedItems =
    numbers === count ? packNumbers(run as readonly number[]) : { form: 'values', values: run };
  return { items: packed, count, bytes: 8 * count + 2 * characters, memory: memories.take(count, 0) };
}

/** Whether the last texts had wide characters: then those to come probably have some as well. */
let wasWide = false;

function packTexts(
  texts: readonly string[],
  from: number,
  to: number,
  characters: number,
  memories: ChunkMemories,
): ItemRun {
  const count = to - from;
  // Each group may begin one byte later.
  const bytes = (wasWide ? 2 : 1) * characters + count;
  let memory = memories.take(count, bytes);
  let packed = writeTexts(texts, from, to, memory.views, textsFrom(memory));
  wasWide = packed === undefined || packed.groups.some((value, i) => i % 3 === 2 && value === 1);
  if (packed === undefined) {
    memories.giveBack(memory);
    memory = memories.take(count, 2 * characters + count);
    packed = writeTexts(texts, from, to, memory.views, textsFrom(memory));
  }
  return { items: { form: 'text', ...packed! }, count, bytes: 2 * characters, memory };
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

function packObjects(
  items: readonly unknown[],
  from: number,
  to: number,
  bytes: number,
  memories: ChunkMemories,
): ItemRun | undefined {
  const memory = memories.take(to - from, Math.min(bytes, (to - from) * MOST_CHARACTERS));
  const written = writeObjects(items, from, to, memory.views, textsFrom(memory));
  const { count } = written;
  if (count === 0) {
    memories.giveBack(memory);
    return undefined;
  }
  return { items: { form: 'json', ...written.texts }, count, bytes: written.bytes, memory };
}

/** In the thread: gives each item, in their order. */
export function unpackItems(packed: PackedItems, memory: Memory): (index: number) => unknown {
  switch (packed.form) {
    case 'text':
      return readTexts(packed, memory);
    case 'numbers': {
      const { numbers } = packed;
      return (index) => numbers[index];
    }
    case 'values': {
      const { values } = packed;
      return (index) => values[index];
    }
    case 'json': {
      const text = readTexts(packed, memory);
      return (index) => JSON.parse(text(index));
    }
  }
}
