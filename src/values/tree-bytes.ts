/** Lays the parts of a tree out as bytes; `tree-format.ts` has the format. */
import type { TextWriter } from './packed-text.js';
import { doublesFrom, GROUP_WORDS, HEADER_WORDS } from './tree-format.js';
import { needsTwoBytes } from './two-bytes.js';
import { keepMemoryWarm } from './warm-memory.js';

/** Characters after which a group takes no further string. */
const GROUP_CHARACTERS = 16 * 1_024;
/** Bytes of a tree that are kept for the next one. */
const MOST_KEPT_BYTES = 2 ** 20;
const { join } = Array.prototype;

let memory = bytesOf(4_096);

/**
 * @param shapes as JSON
 * @returns the bytes, which are there until the next call
 */
export function layOut(
  words: Int32Array,
  doubles: Float64Array,
  strings: readonly string[],
  shapes: string,
): Uint8Array {
  const ends = new Int32Array(strings.length);
  const texts = [shapes];
  const upTo = [0];
  for (let i = 0; i < strings.length; ) {
    const first = i;
    let length = 0;
    do {
      length += (strings[i] as string).length;
      ends[i] = length;
      i++;
    } while (i < strings.length && length < GROUP_CHARACTERS);
    texts.push(join.call(strings.slice(first, i), ''));
    upTo.push(i);
  }
  const head = HEADER_WORDS + words.length + ends.length + GROUP_WORDS * texts.length;
  const textsFrom = doublesFrom(head) + 8 * doubles.length;
  const groups: number[] = [];
  let end = textsFrom;
  for (const [group, text] of texts.entries()) {
    const isWide = needsTwoBytes(text);
    end += end & 1;
    groups.push(upTo[group] as number, end, isWide ? 1 : 0);
    end += isWide ? 2 * text.length : text.length;
  }
  const bytes = end > memory.length ? bytesOf(2 * end) : memory;
  if (bytes.length <= MOST_KEPT_BYTES) memory = bytes;
  const writer = bytes as unknown as TextWriter;
  const { buffer } = bytes;
  const ints = new Int32Array(buffer, 0, head);
  ints[0] = words.length;
  ints[1] = doubles.length;
  ints[2] = ends.length;
  ints[3] = texts.length;
  ints[4] = shapes.length;
  ints.set(words, HEADER_WORDS);
  ints.set(ends, HEADER_WORDS + words.length);
  ints.set(groups, HEADER_WORDS + words.length + ends.length);
  if (doubles.length > 0) new Float64Array(buffer, doublesFrom(head), doubles.length).set(doubles);
  for (const [group, text] of texts.entries()) {
    const at = groups[GROUP_WORDS * group + 1] as number;
    if (groups[GROUP_WORDS * group + 2] === 1) writer.ucs2Write(text, at);
    else writer.latin1Write(text, at);
  }
  return bytes.subarray(0, end);
}

/** Memory that is not cleared first, since all of it is written. */
function bytesOf(length: number): Buffer {
  return Buffer.allocUnsafeSlow(length);
}

/** A copy that may be transferred. */
export function copyOf(tree: Uint8Array): ArrayBuffer {
  keepMemoryWarm(tree.length);
  const copy = bytesOf(tree.length);
  copy.set(tree);
  return copy.buffer as ArrayBuffer;
}
