/** Reads values from the payload of a slot; `slot-format.ts` has the format. Used by both sides. */
import type { Memory, TextReader } from '../protocol/layout.js';
import { copyBytes, LARGE_COPY } from './copy-bytes.js';
import { ARENA, readShared, SHARED_BYTES, type SharedBufferOf } from './shared-views.js';
import {
  COUNT_SHIFT,
  IN_ARENA_BYTES,
  PAYLOAD_OFFSET,
  stored,
  TAG_BITS,
  TAG_SHIFT,
  tags,
} from './slot-format.js';
import { keepThreadMemory } from './thread-memory.js';
import { readTree } from './tree-reader.js';

const EMPTY: readonly unknown[] = Object.freeze([]);

/**
 * End of the last value read, in bytes from the payload's start. A variable: as a part of results it would be
 * allocated.
 */
let readTo = 0;

/**
 * Reads the values that `writeValues` wrote.
 * @param bufferOf needed if they were written with stores
 */
export function readValues(
  memory: Memory,
  slot: number,
  kind: number,
  bufferOf?: SharedBufferOf,
): readonly unknown[] {
  const count = (kind >>> COUNT_SHIFT) & 7;
  if (count === 0) return EMPTY;
  const start = (slot + PAYLOAD_OFFSET) << 2;
  if (((kind >>> TAG_SHIFT) & 15) === tags.tree) {
    return readStored(memory, start, bufferOf as SharedBufferOf) as readonly unknown[];
  }
  readTo = 0;
  const values = new Array<unknown>(count);
  for (let i = 0; i < count; i++) {
    values[i] = readValue(memory, start, (kind >>> (TAG_SHIFT + i * TAG_BITS)) & 15, bufferOf);
  }
  return values;
}

/**
 * Reads the value that `writeOne` wrote.
 * @param bufferOf needed if it was written with stores
 */
export function readOne(memory: Memory, slot: number, kind: number, bufferOf?: SharedBufferOf): unknown {
  readTo = 0;
  return readValue(memory, (slot + PAYLOAD_OFFSET) << 2, (kind >>> TAG_SHIFT) & 15, bufferOf);
}

function readValue(
  memory: Memory,
  start: number,
  tag: number,
  bufferOf: SharedBufferOf | undefined,
): unknown {
  switch (tag) {
    case tags.int32: {
      const value = memory.i32[(start + readTo) >> 2];
      readTo += 8;
      return value;
    }
    case tags.number: {
      const value = memory.f64[(start + readTo) >> 3];
      readTo += 8;
      return value;
    }
    case tags.json:
      return JSON.parse(readSpan(memory, start, tags.latin1) as string);
    case tags.wideJson:
      return JSON.parse(readSpan(memory, start, tags.utf16) as string);
    case tags.latin1:
    case tags.utf16:
    case tags.bytes:
    case tags.buffer:
      return readSpan(memory, start, tag);
    case tags.null:
      return null;
    case tags.true:
      return true;
    case tags.false:
      return false;
    case tags.bigint: {
      const at = (start + readTo) >> 2;
      readTo += 8;
      return (BigInt(memory.i32[at + 1] as number) << 32n) | BigInt((memory.i32[at] as number) >>> 0);
    }
    case tags.tree:
      return readStored(memory, start, bufferOf as SharedBufferOf);
    case tags.inArena:
      return readInArena(memory, start, bufferOf as SharedBufferOf);
    case tags.shared: {
      const at = start + readTo;
      readTo += SHARED_BYTES;
      return readShared(memory, at, bufferOf as SharedBufferOf);
    }
    default:
      return undefined;
  }
}

/** What `writeStored` wrote. */
function readStored(memory: Memory, start: number, bufferOf: SharedBufferOf): unknown {
  return readTree(copyOf(storedIn(memory, start, bufferOf)).buffer as ArrayBuffer);
}

function readInArena(memory: Memory, start: number, bufferOf: SharedBufferOf): Uint8Array | string {
  const from = start + readTo;
  readTo += IN_ARENA_BYTES;
  switch (memory.i32[(from >> 2) + 2]) {
    case stored.latin1: {
      const at = memory.i32[from >> 2] as number;
      return textOf(bufferOf(ARENA)).latin1Slice(at, at + (memory.i32[(from >> 2) + 1] as number));
    }
    case stored.utf16: {
      const at = memory.i32[from >> 2] as number;
      return textOf(bufferOf(ARENA)).ucs2Slice(at, at + (memory.i32[(from >> 2) + 1] as number));
    }
    case stored.buffer:
      return copyOf(storedIn(memory, from, bufferOf));
    default: {
      const bytes = storedIn(memory, from, bufferOf);
      // A small one is copied in one step, into memory that is not cleared first.
      return bytes.length < LARGE_COPY ? new Uint8Array(bytes) : new Uint8Array(copyOf(bytes).buffer);
    }
  }
}

/** The arenas that strings have been read from. */
const readers = new WeakMap<SharedArrayBuffer, TextReader>();

function textOf(arena: SharedArrayBuffer): TextReader {
  let reader = readers.get(arena);
  if (reader === undefined) {
    reader = Buffer.from(arena) as unknown as TextReader;
    readers.set(arena, reader);
  }
  return reader;
}

/** The bytes whose offset and length are noted at `from`: not a copy. */
function storedIn(memory: Memory, from: number, bufferOf: SharedBufferOf): Uint8Array {
  const at = memory.i32[from >> 2];
  return new Uint8Array(bufferOf(ARENA), at, memory.i32[(from >> 2) + 1]);
}

/** In memory of its own, which a task may transfer. */
function copyOf(bytes: Uint8Array): Buffer {
  const { length } = bytes;
  keepThreadMemory(length);
  const copy = Buffer.allocUnsafeSlow(length);
  copyBytes(bytes, copy, 0, length);
  return copy;
}

function readSpan(memory: Memory, start: number, tag: number): unknown {
  const length = memory.i32[(start + readTo) >> 2] as number;
  const from = start + readTo + 4;
  readTo = (readTo + 4 + length + 7) & ~7;
  switch (tag) {
    case tags.latin1:
      return memory.text.latin1Slice(from, from + length);
    case tags.utf16:
      return memory.text.ucs2Slice(from, from + length);
    case tags.buffer:
      return Buffer.from(memory.bytes.subarray(from, from + length));
    default:
      return new Uint8Array(memory.u8.subarray(from, from + length));
  }
}
