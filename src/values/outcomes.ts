/**
 * Outcomes of the items of a chunk, in memory shared by its thread and the main thread: what is complete is
 * known, and readable, also when the thread has died. Used by both sides.
 *
 * One word counts the outcomes published. Then they follow one another, each a tag, a length in bytes, and
 * its content in a multiple of 8 bytes. What does not fit, failures among it, is sent by message ahead of an
 * outcome that says so.
 */
import type { Memory } from '../protocol/layout.js';
import { beginJson, endJson, isCurrentJson, WIDE, writeJson } from './json.js';
import type { TextWriter } from './packed-text.js';
import { needsTwoBytes } from './two-bytes.js';

const COUNT = 0;
const FIRST_BYTE = 8;
const HEADER_BYTES = 8;

const tags = {
  byMessage: 0,
  undefined: 1,
  null: 2,
  true: 3,
  false: 4,
  int32: 5,
  number: 6,
  latin1: 7,
  utf16: 8,
  json: 9,
  wideJson: 10,
} as const;

/** Values in one result that are looked at. */
const MOST_VALUES = 256;
/** Characters up to which a text is copied one by one: a call of Buffer's writer takes as long. */
const SHORT_TEXT = 64;

/** Bytes of memory for outcomes with that many bytes of content each. */
export function outcomeBytes(count: number, each: number): number {
  return FIRST_BYTE + count * (HEADER_BYTES + ((each + 7) & ~7));
}

/** M: bytes of content of the first outcomes, those sent by message not counted. O(count). */
export function contentBytes(shared: SharedArrayBuffer, count: number): number {
  const words = new Int32Array(shared);
  let bytes = 0;
  let at = FIRST_BYTE;
  for (let i = 0; i < count; i++) {
    const length = words[(at >> 2) + 1] as number;
    bytes += length;
    at += HEADER_BYTES + ((length + 7) & ~7);
  }
  return bytes;
}

/** Makes memory ready for the outcomes of another chunk. */
export function clearOutcomes(memory: Memory): void {
  memory.i32[COUNT] = 0;
}

/** W: writes outcomes, in the order of the items. */
export class OutcomeWriter {
  readonly #memory: Memory;
  readonly #text: TextWriter;
  #at = FIRST_BYTE;
  /** Where the content of the next one must end: each later one keeps room for its header. */
  #limit: number;
  #count = 0;

  /** @param end of the memory for outcomes, in bytes */
  constructor(memory: Memory, end: number, count: number) {
    this.#memory = memory;
    this.#text = memory.bytes as unknown as TextWriter;
    this.#limit = end - (count - 1) * HEADER_BYTES;
  }

  /** Publishes a result. @returns false: it is to be sent by message, and then `publishSent` called */
  publish(value: unknown): boolean {
    const to = this.#write(value);
    if (to < 0) return false;
    this.#advance(to);
    return true;
  }

  /** Publishes that the outcome has been sent. */
  publishSent(): void {
    this.#advance(this.#tag(tags.byMessage, 0));
  }

  #advance(to: number): void {
    this.#at = to;
    this.#limit += HEADER_BYTES;
    this.#count++;
    Atomics.store(this.#memory.i32, COUNT, this.#count);
  }

  #write(value: unknown): number {
    switch (typeof value) {
      case 'number':
        return this.#number(value);
      case 'string':
        return value.length <= SHORT_TEXT ? this.#shortText(value) : this.#longText(value);
      case 'undefined':
        return this.#tag(tags.undefined, 0);
      case 'boolean':
        return this.#tag(value ? tags.true : tags.false, 0);
      case 'object':
        return value === null ? this.#tag(tags.null, 0) : this.#object(value);
      default:
        return -1;
    }
  }

  /** @returns where the next outcome begins; -1: there is no room */
  #tag(tag: number, bytes: number): number {
    const at = this.#at;
    const to = at + HEADER_BYTES + ((bytes + 7) & ~7);
    if (to > this.#limit) return -1;
    const { i32 } = this.#memory;
    i32[at >> 2] = tag;
    i32[(at >> 2) + 1] = bytes;
    return to;
  }

  #number(value: number): number {
    const at = this.#at;
    if (Object.is(value | 0, value)) {
      // In the place of the length.
      const to = this.#tag(tags.int32, 0);
      if (to > 0) this.#memory.i32[(at >> 2) + 1] = value;
      return to;
    }
    const to = this.#tag(tags.number, 8);
    if (to > 0) this.#memory.f64[(at + HEADER_BYTES) >> 3] = value;
    return to;
  }

  #shortText(text: string): number {
    const { length } = text;
    const from = this.#at + HEADER_BYTES;
    if (from + 2 * length > this.#limit) return -1;
    const { u8, u16 } = this.#memory;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code <= 0xff) {
        u8[from + i] = code;
        continue;
      }
      for (let j = 0; j < length; j++) u16[(from >> 1) + j] = text.charCodeAt(j);
      return this.#tag(tags.utf16, 2 * length);
    }
    return this.#tag(tags.latin1, length);
  }

  #longText(text: string): number {
    const { length } = text;
    const from = this.#at + HEADER_BYTES;
    if (from + length > this.#limit) return -1;
    if (!needsTwoBytes(text)) {
      this.#text.latin1Write(text, from);
      return this.#tag(tags.latin1, length);
    }
    if (from + 2 * length > this.#limit) return -1;
    this.#text.ucs2Write(text, from);
    return this.#tag(tags.utf16, 2 * length);
  }

  #object(value: object): number {
    if (ArrayBuffer.isView(value)) return -1;
    const { u8, u16 } = this.#memory;
    const from = this.#at + HEADER_BYTES;
    try {
      const turn = beginJson(MOST_VALUES);
      const end = writeJson(u8, from, this.#limit, 0xff, value);
      if (!isCurrentJson(turn)) return -1;
      if (end > 0) return this.#tag(tags.json, end - from);
      if (end !== WIDE) return -1;
      const wideEnd = writeJson(u16, from >> 1, this.#limit >> 1, 0xffff, value);
      return wideEnd < 0 || !isCurrentJson(turn) ? -1 : this.#tag(tags.wideJson, 2 * wideEnd - from);
    } catch {
      // A getter threw: the clone will meet it as well, and its error says more.
      return -1;
    } finally {
      endJson();
    }
  }
}

/** Stands for an outcome that came by message. */
export const BY_MESSAGE: unique symbol = Symbol('by message');

/** M: reads outcomes, in the order of the items. */
export class OutcomeReader {
  readonly #memory: Memory;
  #at = FIRST_BYTE;
  #count = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** How many have been read. */
  get count(): number {
    return this.#count;
  }

  /** How many have been published. */
  get published(): number {
    return Atomics.load(this.#memory.i32, COUNT);
  }

  /** Bytes that those took which have been read. */
  get bytes(): number {
    return this.#at - FIRST_BYTE;
  }

  /** Whether the next one, which has been published, came by message. */
  get isNextByMessage(): boolean {
    return this.#memory.i32[this.#at >> 2] === tags.byMessage;
  }

  /** Reads the next one, which has been published. */
  next(): unknown {
    const { i32, f64, text } = this.#memory;
    const at = this.#at;
    const from = at + HEADER_BYTES;
    const tag = i32[at >> 2] as number;
    const bytes = i32[(at >> 2) + 1] as number;
    this.#count++;
    this.#at = from;
    switch (tag) {
      case tags.int32:
        return bytes;
      case tags.number:
        this.#at = from + 8;
        return f64[from >> 3];
      case tags.undefined:
        return undefined;
      case tags.null:
        return null;
      case tags.true:
        return true;
      case tags.false:
        return false;
      case tags.byMessage:
        return BY_MESSAGE;
    }
    this.#at = from + ((bytes + 7) & ~7);
    const isWide = tag === tags.utf16 || tag === tags.wideJson;
    const read = isWide ? text.ucs2Slice(from, from + bytes) : text.latin1Slice(from, from + bytes);
    return tag === tags.latin1 || tag === tags.utf16 ? read : JSON.parse(read);
  }
}
