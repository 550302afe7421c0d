/**
 * Texts of many items, one after the other in memory that both threads share: strings as they are, plain data
 * as JSON.
 *
 * Measured (Node 20): a message of 150 KB with one string costs both threads several times what the copies
 * cost, since each is made in fresh memory, whose pages have to be made first. Texts are joined and read in
 * groups, for a call of Buffer's reader or writer takes as long as copying some hundred bytes, and a long
 * string would again be in fresh memory.
 */
import type { Memory } from '../protocol/layout.js';
import type { PackedTexts } from '../protocol/messages.js';
import { beginJson, endJson, isCurrentJson, WIDE, writeJson } from './json.js';
import { needsTwoBytes } from './two-bytes.js';

/** Characters after which a group takes no further text. */
const GROUP_CHARACTERS = 16 * 1_024;
/** Characters of one text; longer ones travel alone. */
export const MOST_CHARACTERS = 64 * 1_024;
/** Values in one item that are looked at. */
const MOST_VALUES = 256;
const { join } = Array.prototype;

/** Buffer's own writers of text; see `TextReader` in `layout.ts`. */
export interface TextWriter {
  latin1Write(text: string, at: number): number;
  ucs2Write(text: string, at: number): number;
}

/**
 * Writes strings from an index up to another.
 * @param at where they begin in memory, in bytes
 * @returns `undefined`: there is no room for their wide characters
 */
export function writeTexts(
  strings: readonly string[],
  from: number,
  to: number,
  memory: Memory,
  at: number,
): PackedTexts | undefined {
  const ends = new Uint32Array(to - from);
  const groups: number[] = [];
  const writer = memory.bytes as unknown as TextWriter;
  const room = memory.bytes.length;
  let next = at;
  for (let i = from; i < to; ) {
    const first = i;
    let length = 0;
    do {
      length += (strings[i] as string).length;
      ends[i - from] = length;
      i++;
    } while (i < to && length < GROUP_CHARACTERS);
    // Measured: strings that are added to one another leave an object each, and take half as long again.
    const text = join.call(strings.slice(first, i), '');
    const isWide = needsTwoBytes(text);
    const bytes = isWide ? 2 * text.length : text.length;
    next = aligned(next);
    if (next + bytes > room) return undefined;
    if (isWide) writer.ucs2Write(text, next);
    else writer.latin1Write(text, next);
    groups.push(i - from, next, isWide ? 1 : 0);
    next += bytes;
  }
  return { ends, groups };
}

/** How many objects have been written, and how. */
export interface WrittenJson {
  readonly count: number;
  readonly texts: PackedTexts;
  /** Bytes of their texts. */
  readonly bytes: number;
}

/**
 * Writes objects as JSON, from an index up to another, as long as they are objects that JSON carries exactly
 * as structured clone would, and there is room for them.
 * @param at where they begin in memory, in bytes
 */
export function writeObjects(
  items: readonly unknown[],
  from: number,
  to: number,
  memory: Memory,
  at: number,
): WrittenJson {
  const ends = new Uint32Array(to - from);
  const groups: number[] = [];
  let start = aligned(at);
  let length = 0;
  let isWide = false;
  let end = from;
  for (; end < to; end++) {
    const item = items[end];
    if (typeof item !== 'object' || item === null) break;
    if (length >= GROUP_CHARACTERS) {
      groups.push(end - from, start, isWide ? 1 : 0);
      start = aligned(start + (isWide ? 2 * length : length));
      length = 0;
      isWide = false;
    }
    const written = writeObject(item, memory, start, length, isWide);
    if (written === WIDE) {
      // Those before it stay a group of their own.
      if (length > 0) groups.push(end - from, start, 0);
      start = aligned(start + length);
      length = 0;
      isWide = true;
      end--;
      continue;
    }
    if (written < 0) break;
    length = written;
    ends[end - from] = length;
  }
  if (length > 0) groups.push(end - from, start, isWide ? 1 : 0);
  const bytes = start + (isWide ? 2 * length : length) - at;
  return { count: end - from, texts: { ends: ends.slice(0, end - from), groups }, bytes };
}

/**
 * Writes one object behind the `length` characters of the group that begins at `start`.
 * @returns the new length, or `WIDE`, or another negative number: it must travel alone
 */
function writeObject(item: object, memory: Memory, start: number, length: number, isWide: boolean): number {
  const chars = isWide ? memory.u16 : memory.u8;
  const first = (isWide ? start >> 1 : start) + length;
  const limit = Math.min(chars.length, first + MOST_CHARACTERS);
  if (first >= limit) return -1;
  try {
    const turn = beginJson(MOST_VALUES);
    const end = writeJson(chars, first, limit, isWide ? 0xffff : 0xff, item);
    if (!isCurrentJson(turn)) return -1;
    return end < 0 ? end : length + end - first;
  } catch {
    // A getter threw. The item fails alone, with the error of the clone.
    return -1;
  } finally {
    endJson();
  }
}

/** In the thread: gives the text of each item, in their order. */
export function readTexts({ ends, groups }: PackedTexts, memory: Memory): (index: number) => string {
  let text = '';
  let group = 0;
  let first = 0;
  let to = 0;
  return (index) => {
    while (index >= to) {
      first = to;
      to = groups[group] as number;
      const from = groups[group + 1] as number;
      const isWide = groups[group + 2] === 1;
      const length = ends[to - 1] as number;
      text = isWide
        ? memory.text.ucs2Slice(from, from + 2 * length)
        : memory.text.latin1Slice(from, from + length);
      group += 3;
    }
    return text.slice(index === first ? 0 : ends[index - 1], ends[index]);
  };
}

function aligned(at: number): number {
  return (at + 1) & ~1;
}
