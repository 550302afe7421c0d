/** Writes values into the payload of a slot; `slot-format.ts` has the format. Used by both sides. */
import { types } from 'node:util';
import { type Memory, PAYLOAD_BYTES } from '../protocol/layout.js';
import { isDetached } from './detached.js';
import { arrayTypeOf, bufferOf, isResizable, lengthOf } from './intrinsics.js';
import { beginJson, endJson, WIDE, writeJson } from './json.js';
import { type ByteStore, SHARED_BYTES, type Stores, writeShared } from './shared-views.js';
import {
  COUNT_SHIFT,
  IN_ARENA_BYTES,
  MAX_VALUES,
  PAYLOAD_OFFSET,
  stored,
  TAG_BITS,
  TAG_SHIFT,
  tags,
} from './slot-format.js';
import { needsTwoBytes } from './two-bytes.js';

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;

/**
 * End of the last value written, in bytes from the payload's start. A variable: as a part of results it would
 * be allocated.
 */
let end = 0;
/**
 * Counts the writes begun. A getter may have another Balancer write a slot, and then `end` is not ours any
 * more.
 */
let writes = 0;

/**
 * Wraps: beyond 32 bits each count would be a heap object, after some 20 minutes at two million requests a
 * second.
 */
function nextWrite(): number {
  writes = (writes + 1) | 0;
  return writes;
}

/**
 * Writes values into a slot's payload.
 * @param slot word index of the slot
 * @param stores memory that values may refer to; without it, shared memory and larger byte arrays do not fit
 * @returns the kind; -1: they do not fit, send them by message
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
    beginJson();
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
  } finally {
    endJson();
  }
}

/**
 * Has the slot refer to what is written as bytes already: values, all in one list, or one value.
 * @param tree what `writeTree` gave for it
 * @returns the kind; -1: there is no room in the arena
 */
export function writeStored(memory: Memory, slot: number, tree: Uint8Array, arena: ByteStore): number {
  const { length } = tree;
  const at = length > arena.most ? -1 : arena.put(tree, length);
  if (at < 0) return -1;
  memory.i32[slot + PAYLOAD_OFFSET] = at;
  memory.i32[slot + PAYLOAD_OFFSET + 1] = length;
  return (1 << COUNT_SHIFT) | (tags.tree << TAG_SHIFT);
}

/** Writes one value, without an array around it. Otherwise as `writeValues`. */
export function writeOne(memory: Memory, slot: number, value: unknown, stores?: Stores): number {
  try {
    end = 0;
    nextWrite();
    beginJson();
    const tag = writeValue(memory, (slot + PAYLOAD_OFFSET) << 2, value, stores);
    return tag < 0 ? -1 : (1 << COUNT_SHIFT) | (tag << TAG_SHIFT);
  } catch {
    // A proxy's trap threw. The clone refuses all proxies, and its error says more.
    return -1;
  } finally {
    endJson();
  }
}

/**
 * Whether two values are views of one buffer, or one view given twice: a message keeps that, a slot does not.
 * Two views of shared memory are of one buffer in a slot, too, so they count only if they are one view.
 */
function haveIdentity(values: readonly unknown[]): boolean {
  const wholes = values.map((value) => {
    if (!ArrayBuffer.isView(value)) return undefined;
    const buffer = bufferOf(value);
    return types.isSharedArrayBuffer(buffer) ? value : buffer;
  });
  return wholes.some((whole, i) => whole !== undefined && wholes.indexOf(whole) < i);
}

function writeValue(memory: Memory, start: number, value: unknown, stores: Stores | undefined): number {
  switch (typeof value) {
    case 'number':
      if (end + 8 > PAYLOAD_BYTES) return -1;
      // Any value read from a Float64Array is a double to the engine, and loops up to a double are slower.
      if (Object.is(value | 0, value)) {
        memory.i32[(start + end) >> 2] = value;
        end += 8;
        return tags.int32;
      }
      memory.f64[(start + end) >> 3] = value;
      end += 8;
      return tags.number;
    case 'string':
      return writeString(memory, start, value, stores);
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

function writeString(memory: Memory, start: number, value: string, stores: Stores | undefined): number {
  const length = value.length;
  if (end + 4 + length > PAYLOAD_BYTES) return writeText(memory, start, value, stores);
  const at = start + end + 4;
  const { u8 } = memory;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff) return writeWide(memory, start, value, stores);
    u8[at + i] = code;
  }
  finishSpan(memory, start, length);
  return tags.latin1;
}

function writeWide(memory: Memory, start: number, value: string, stores: Stores | undefined): number {
  const length = value.length;
  if (end + 4 + length * 2 > PAYLOAD_BYTES) return writeText(memory, start, value, stores);
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
  let to = writeJson(memory.u8, from, limit, 0xff, value);
  if (to === WIDE && turn === writes) {
    tag = tags.wideJson;
    to = writeJson(memory.u16, from >> 1, limit >> 1, 0xffff, value) << 1;
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
  // An instance of a subclass would lose its class.
  const proto = Object.getPrototypeOf(value);
  const isBuffer = proto === Buffer.prototype;
  if (!isBuffer && proto !== Uint8Array.prototype) return -1;
  // A resizable buffer stays one only in a message.
  if (arrayTypeOf(value) !== 'Uint8Array' || isResizable(buffer)) return -1;
  const bytes = value as Uint8Array;
  const length = lengthOf(bytes);
  // A detached buffer is for the clone to refuse.
  if (end + 4 + length > PAYLOAD_BYTES)
    return stores === undefined ? -1 : writeInArena(memory, start, bytes, length, stores);
  if (length === 0 && isDetached(buffer)) return -1;
  memory.u8.set(bytes, start + end + 4);
  finishSpan(memory, start, length);
  return isBuffer ? tags.buffer : tags.bytes;
}

/** Copies bytes that do not fit the slot into the arena. The slot says where they are. */
function writeInArena(
  memory: Memory,
  start: number,
  bytes: Uint8Array,
  length: number,
  stores: Stores,
): number {
  if (end + IN_ARENA_BYTES > PAYLOAD_BYTES) return -1;
  const { arena } = stores;
  const at = length > arena.most ? -1 : arena.put(bytes, length);
  return writePlace(memory, start, at, length, Buffer.isBuffer(bytes) ? stored.buffer : stored.bytes);
}

/** Copies a string that does not fit the slot into the arena. */
function writeText(memory: Memory, start: number, value: string, stores: Stores | undefined): number {
  if (stores === undefined || end + IN_ARENA_BYTES > PAYLOAD_BYTES) return -1;
  const { arena } = stores;
  // A long one is not looked through in vain.
  const isWide = value.length <= arena.most && needsTwoBytes(value);
  const length = isWide ? 2 * value.length : value.length;
  const at = length > arena.most ? -1 : arena.putText(value, length, isWide);
  return writePlace(memory, start, at, length, isWide ? stored.utf16 : stored.latin1);
}

/** @param at -1: there is no room in the arena */
function writePlace(memory: Memory, start: number, at: number, length: number, what: number): number {
  if (at < 0) return -1;
  const to = (start + end) >> 2;
  memory.i32[to] = at;
  memory.i32[to + 1] = length;
  memory.i32[to + 2] = what;
  end += IN_ARENA_BYTES;
  return tags.inArena;
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
