/**
 * What travels inside a slot: numbers, booleans, null, undefined, 64-bit bigints, short strings, small byte arrays
 * and small plain objects, up to six of them; and references: to shared memory, of which the thread knows the buffer by a number, and to
 * larger byte arrays in the thread's arena. Used by both sides. Everything else goes by message; then the kind says so.
 *
 * `kind` is one word: 4 bits flags, 3 bits count, and 4 bits tag for each value. Values lie one after the other in
 * the payload, each in a multiple of 8 bytes; strings and byte arrays begin with their length in 4 bytes.
 */
import { types } from 'node:util';
import { type Memory, PAYLOAD_BYTES } from '../protocol/layout.js';
import { isDetached } from './detached.js';
import { bufferOf, isResizable, kindOf, lengthOf } from './intrinsics.js';
import { begin, WIDE, writePlain } from './json.js';
import {
  ARENA,
  readShared,
  SHARED_BYTES,
  type SharedBufferOf,
  type Stores,
  writeShared,
} from './shared-views.js';

/** Flags of a kind. */
export const flags = {
  /** The values came, or come, by message under the request's id. */
  byMessage: 1,
  /** A completion: the task failed; its value is a Failure. */
  failed: 2,
  /** A request: the task's result is iterated, and each value sent by message. */
  streams: 4,
} as const;

const COUNT_SHIFT = 4;
const TAG_SHIFT = 7;
const TAG_BITS = 4;
const MAX_VALUES = 6;

const tags = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  latin1: 5,
  utf16: 6,
  bytes: 7,
  buffer: 8,
  bigint: 9,
  json: 10,
  wideJson: 11,
  int32: 12,
  shared: 13,
  far: 14,
} as const;

/** The slot's payload begins this many words after its header's start. */
const PAYLOAD_OFFSET = 4;
const EMPTY: readonly unknown[] = Object.freeze([]);
/** Place, length and class of bytes that are in the arena. */
const FAR_BYTES = 16;
const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;

/** Where the last written value ended, in bytes from the payload's start; a variable, since it would cost an allocation as a result. */
let end = 0;
/** The same of the last one read. Not one variable: a getter among the values may have another Balancer read its results. */
let readTo = 0;
/** Counts what was begun to be written. A getter may have another Balancer write a slot, and then `end` is not ours any more. */
let writes = 0;

/** It wraps: beyond 32 bits each count would be an object of its own, after some 20 minutes at two million requests a second. */
function nextWrite(): number {
  writes = (writes + 1) | 0;
  return writes;
}

/**
 * Writes values into a slot's payload.
 * @param slot word index of the slot
 * @param stores where they may refer to; without them, shared memory and larger byte arrays do not fit
 * @returns the kind, or -1: they do not fit, send them by message
 */
export function writeValues(
  memory: Memory,
  slot: number,
  values: readonly unknown[],
  stores?: Stores,
): number {
  try {
    const count = values.length;
    if (count === 0) return 0;
    if (count > MAX_VALUES) return -1;
    const start = (slot + PAYLOAD_OFFSET) << 2;
    let kind = count << COUNT_SHIFT;
    let spans = 0;
    end = 0;
    const turn = nextWrite();
    begin();
    for (let i = 0; i < count; i++) {
      const value = values[i];
      if (turn !== writes) return -1;
      const tag = writeValue(memory, start, value, stores);
      if (tag < 0) return -1;
      if (tag === tags.bytes || tag === tags.buffer || tag >= tags.shared) spans++;
      kind |= tag << (TAG_SHIFT + i * TAG_BITS);
    }
    return spans > 1 && haveIdentity(values) ? -1 : kind;
  } catch {
    return -1;
  }
}

/** The same for one value, without an array. */
export function writeOne(memory: Memory, slot: number, value: unknown): number {
  try {
    end = 0;
    nextWrite();
    begin();
    const tag = writeValue(memory, (slot + PAYLOAD_OFFSET) << 2, value, undefined);
    return tag < 0 ? -1 : (1 << COUNT_SHIFT) | (tag << TAG_SHIFT);
  } catch {
    // A proxy's trap threw. The clone refuses all proxies, and its error says more.
    return -1;
  }
}

/**
 * Two views of one buffer, or one view given twice, must stay that: a message keeps it, a slot does not. But for views of shared
 * memory, which are of one buffer there, too.
 */
function haveIdentity(values: readonly unknown[]): boolean {
  const wholes = values.map((value) => {
    if (!ArrayBuffer.isView(value)) return undefined;
    const buffer = bufferOf(value);
    return types.isSharedArrayBuffer(buffer) ? value : buffer;
  });
  return wholes.some((whole, i) => whole !== undefined && wholes.indexOf(whole) < i);
}

/**
 * Reads the values that `writeValues` wrote.
 * @param bufferOf must be there if they were written with stores
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
  readTo = 0;
  const values = new Array<unknown>(count);
  for (let i = 0; i < count; i++) {
    values[i] = readValue(memory, start, (kind >>> (TAG_SHIFT + i * TAG_BITS)) & 15, bufferOf);
  }
  return values;
}

/** Reads the value that `writeOne` wrote. */
export function readOne(memory: Memory, slot: number, kind: number): unknown {
  readTo = 0;
  return readValue(memory, (slot + PAYLOAD_OFFSET) << 2, (kind >>> TAG_SHIFT) & 15, undefined);
}

function writeValue(memory: Memory, start: number, value: unknown, stores: Stores | undefined): number {
  switch (typeof value) {
    case 'number':
      if (end + 8 > PAYLOAD_BYTES) return -1;
      // What is read from a Float64Array is a double to the engine, whatever its value: a loop up to it is slower than up to an integer.
      if (Object.is(value | 0, value)) {
        memory.i32[(start + end) >> 2] = value;
        end += 8;
        return tags.int32;
      }
      memory.f64[(start + end) >> 3] = value;
      end += 8;
      return tags.number;
    case 'string':
      return writeString(memory, start, value);
    case 'undefined':
      return tags.undefined;
    case 'boolean':
      return value ? tags.true : tags.false;
    case 'bigint':
      return writeBigInt(memory, start, value);
    case 'object':
      return value === null ? tags.null : writeObject(memory, start, value, stores);
    default:
      return -1;
  }
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
    case tags.far:
      return readFar(memory, start, bufferOf as SharedBufferOf);
    case tags.shared: {
      const at = start + readTo;
      readTo += SHARED_BYTES;
      return readShared(memory, at, bufferOf as SharedBufferOf);
    }
    default:
      return undefined;
  }
}

function writeString(memory: Memory, start: number, value: string): number {
  const length = value.length;
  if (end + 4 + length > PAYLOAD_BYTES) return -1;
  const at = start + end + 4;
  const { u8 } = memory;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff) return writeWide(memory, start, value);
    u8[at + i] = code;
  }
  finishSpan(memory, start, length);
  return tags.latin1;
}

function writeWide(memory: Memory, start: number, value: string): number {
  const length = value.length;
  if (end + 4 + length * 2 > PAYLOAD_BYTES) return -1;
  const at = (start + end + 4) >> 1;
  for (let i = 0; i < length; i++) memory.u16[at + i] = value.charCodeAt(i);
  finishSpan(memory, start, length * 2);
  return tags.utf16;
}

function writeObject(memory: Memory, start: number, value: object, stores: Stores | undefined): number {
  if (ArrayBuffer.isView(value)) return writeView(memory, start, value, stores);
  const turn = writes;
  const from = start + end + 4;
  const limit = start + PAYLOAD_BYTES;
  let tag: number = tags.json;
  let to = writePlain(memory.u8, from, limit, 0xff, value);
  if (to === WIDE && turn === writes) {
    tag = tags.wideJson;
    to = writePlain(memory.u16, from >> 1, limit >> 1, 0xffff, value) << 1;
  }
  if (turn !== writes) return -1;
  if (to < 0) return writeSharedMemory(memory, start, value, stores);
  finishSpan(memory, start, to - from);
  return tag;
}

function writeSharedMemory(memory: Memory, start: number, value: object, stores: Stores | undefined): number {
  if (stores === undefined || end + SHARED_BYTES > PAYLOAD_BYTES) return -1;
  if (!writeShared(memory, start + end, value, stores.shares)) return -1;
  end += SHARED_BYTES;
  return tags.shared;
}

function writeView(memory: Memory, start: number, value: object, stores: Stores | undefined): number {
  const buffer = bufferOf(value);
  if (types.isSharedArrayBuffer(buffer)) return writeSharedMemory(memory, start, value, stores);
  // Only the two plain classes: a subclass would lose itself on the way.
  const proto = Object.getPrototypeOf(value);
  const isBuffer = proto === Buffer.prototype;
  if (!isBuffer && proto !== Uint8Array.prototype) return -1;
  // Structured clone keeps it resizable.
  if (kindOf(value) !== 'Uint8Array' || isResizable(buffer)) return -1;
  const bytes = value as Uint8Array;
  const length = lengthOf(bytes);
  // A detached buffer is for the clone to refuse.
  if (end + 4 + length > PAYLOAD_BYTES)
    return stores === undefined ? -1 : writeFar(memory, start, bytes, length, stores);
  if (length === 0 && isDetached(buffer)) return -1;
  memory.u8.set(bytes, start + end + 4);
  finishSpan(memory, start, length);
  return isBuffer ? tags.buffer : tags.bytes;
}

/** Bytes that do not fit the slot, which tells only where they are. */
function writeFar(memory: Memory, start: number, bytes: Uint8Array, length: number, stores: Stores): number {
  if (end + FAR_BYTES > PAYLOAD_BYTES) return -1;
  const at = stores.arena.put(bytes, length);
  if (at < 0) return -1;
  const to = (start + end) >> 2;
  memory.i32[to] = at;
  memory.i32[to + 1] = length;
  memory.i32[to + 2] = Buffer.isBuffer(bytes) ? 1 : 0;
  end += FAR_BYTES;
  return tags.far;
}

function readFar(memory: Memory, start: number, bufferOf: SharedBufferOf): Uint8Array {
  const from = (start + readTo) >> 2;
  readTo += FAR_BYTES;
  const length = memory.i32[from + 1] as number;
  const far = new Uint8Array(bufferOf(ARENA), memory.i32[from], length);
  const bytes = Buffer.allocUnsafeSlow(length);
  bytes.set(far);
  return memory.i32[from + 2] === 1 ? bytes : new Uint8Array(bytes.buffer);
}

function writeBigInt(memory: Memory, start: number, value: bigint): number {
  if (end + 8 > PAYLOAD_BYTES || value < BIGINT_MIN || value > BIGINT_MAX) return -1;
  const at = (start + end) >> 2;
  memory.i32[at] = Number(BigInt.asIntN(32, value));
  memory.i32[at + 1] = Number(value >> 32n);
  end += 8;
  return tags.bigint;
}

function finishSpan(memory: Memory, start: number, bytes: number): void {
  memory.i32[(start + end) >> 2] = bytes;
  end = (end + 4 + bytes + 7) & ~7;
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
