/** The memory of all windows of this process. */
import { beginAt, windowBytes } from '../protocol/layout.js';
import { FIRST_POSITION } from '../protocol/positions.js';
import { MemoryPool } from './memory-pool.js';

/** By capacity. These are powers of two, so there are few. */
const pools = new Map<number, MemoryPool>();

/** Memory of a window, empty. */
export function takeWindowMemory(capacity: number): SharedArrayBuffer {
  const memory = poolOf(capacity).take();
  beginAt(new Int32Array(memory), FIRST_POSITION);
  return memory;
}

/** Its thread has ended, and nobody here uses it any more. */
export function giveWindowMemoryBack(memory: SharedArrayBuffer, capacity: number): void {
  poolOf(capacity).giveBack(memory);
}

function poolOf(capacity: number): MemoryPool {
  let pool = pools.get(capacity);
  if (pool === undefined) {
    pool = new MemoryPool(windowBytes(capacity));
    pools.set(capacity, pool);
  }
  return pool;
}
