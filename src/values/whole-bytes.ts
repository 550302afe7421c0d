/**
 * Transferred byte arrays that are copied to the thread instead: their memory leaves the caller as the request
 * is first sent, and stays with the request.
 *
 * So such a request may be sent ahead, taken back, and sent again when its thread has died. What really moves
 * can do none of that, since it exists once. Measured (Node 20, 2 workers, sha256 of buffers that are in no cache),
 * processor time of a request against one whose buffer moves: 0.87 with 64 KiB, 1.12 with 128; where the cores are
 * taken by others, too, 0.78 and 0.75, and 1.3 with 512 KiB.
 */
import { types } from 'node:util';
import threads from 'node:worker_threads';
import { bufferOf, bytesIn, isResizable, lengthOf } from './intrinsics.js';

/** The largest buffer that is copied, in bytes. */
const MOST_BYTES = 128 * 2 ** 10;

/** From Node 22 on, which the declarations do not know yet. Measured: a tenth to a third of a structured clone. */
const { transfer: move } = ArrayBuffer.prototype as { transfer?: (this: ArrayBuffer) => ArrayBuffer };
const { isMarkedAsUntransferable } = threads as { isMarkedAsUntransferable?: (object: object) => boolean };

/**
 * Whether copies do as well: the arguments are primitive values, shared memory, and byte arrays, one for each of
 * the transferred buffers, which is all of it. Then nothing is wrong with the list.
 */
export function areWholeBytes(args: readonly unknown[], transfer: readonly unknown[]): boolean {
  const missing = transfer.length === 1 ? undefined : new Set(transfer);
  if (missing !== undefined && missing.size !== transfer.length) return false;
  let found = 0;
  for (const arg of args) {
    if (typeof arg === 'function' || typeof arg === 'symbol') return false;
    if (typeof arg !== 'object' || arg === null || isShared(arg)) continue;
    if (!isWhole(arg, transfer)) return false;
    missing?.delete(bufferOf(arg));
    found++;
  }
  return found > 0 && found === transfer.length && (missing === undefined || missing.size === 0);
}

function isShared(arg: object): boolean {
  return types.isSharedArrayBuffer(ArrayBuffer.isView(arg) ? bufferOf(arg) : arg);
}

function isWhole(arg: object, transfer: readonly unknown[]): boolean {
  const prototype = Object.getPrototypeOf(arg);
  if (prototype !== Uint8Array.prototype && prototype !== Buffer.prototype) return false;
  if (!types.isUint8Array(arg)) return false;
  const buffer = bufferOf(arg);
  if (!transfer.includes(buffer) || isResizable(buffer as ArrayBuffer)) return false;
  const bytes = bytesIn(buffer as ArrayBuffer);
  return bytes > 0 && bytes <= MOST_BYTES && bytes === lengthOf(arg);
}

/**
 * Takes the memory of the buffers from the caller.
 * @param args as `areWholeBytes` has found them, unless the caller has changed the list since
 * @returns the same arguments in memory that is nobody else's; `undefined`: nothing was taken, since one of
 * the buffers is detached by now, or cannot be transferred, or the list of arguments throws
 */
export function takeOver(args: readonly unknown[], buffers: readonly ArrayBuffer[]): unknown[] | undefined {
  let given: readonly unknown[];
  let taken: readonly ArrayBuffer[];
  try {
    given = [...args];
    taken = moveAll(buffers);
  } catch {
    return undefined;
  }
  return given.map((arg) => {
    const at = ArrayBuffer.isView(arg) ? buffers.indexOf(bufferOf(arg) as ArrayBuffer) : -1;
    if (at < 0) return arg;
    const buffer = taken[at] as ArrayBuffer;
    return Object.getPrototypeOf(arg) === Buffer.prototype ? Buffer.from(buffer) : new Uint8Array(buffer);
  });
}

/** All of them or, with an error, none. */
function moveAll(buffers: readonly ArrayBuffer[]): readonly ArrayBuffer[] {
  const buffer = buffers[0] as ArrayBuffer;
  // Several could fail half-way. V8 does not know Node's mark in Node 22.
  if (buffers.length === 1 && move !== undefined && isMarkedAsUntransferable?.(buffer) === false)
    return [move.call(buffer)];
  return structuredClone(buffers, { transfer: buffers as ArrayBuffer[] });
}
