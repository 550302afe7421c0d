/**
 * Memory of one chunk, shared with the thread that runs it: the outcomes first (`outcomes.ts`), then the
 * texts of its items (`packed-text.ts`). It is used for one chunk after the other, since fresh memory costs
 * as much as what is written to it.
 */
import { Memory } from '../protocol/layout.js';
import { clearOutcomes, outcomeBytes } from './outcomes.js';

export interface ChunkMemory {
  readonly shared: SharedArrayBuffer;
  readonly views: Memory;
  /** Bytes for the outcomes. */
  readonly outcomesEnd: number;
}

/** Bytes for the outcome of one item before any is known, and how many more than it took are kept ready. */
const FIRST_OUTCOME_BYTES = 32;
const SPARE = 1.25;
const LEAST_BYTES = 4_096;
const MOST_OUTCOME_BYTES = 4 * 2 ** 20;

/** Where the texts of items begin. */
export function textsFrom(memory: ChunkMemory): number {
  return memory.outcomesEnd;
}

export class ChunkMemories {
  /** Not in use. */
  readonly #free: Memory[] = [];
  /** Bytes of the outcome of one item, of late. */
  #eachBytes = FIRST_OUTCOME_BYTES;

  /**
   * @param count items of the chunk
   * @param textBytes of their texts
   */
  take(count: number, textBytes: number): ChunkMemory {
    const outcomesEnd = Math.max(
      Math.min(MOST_OUTCOME_BYTES, outcomeBytes(count, this.#eachBytes)),
      outcomeBytes(count, 0),
    );
    const views = this.#viewsFor(outcomesEnd + textBytes);
    return { shared: views.i32.buffer as SharedArrayBuffer, views, outcomesEnd };
  }

  giveBack(memory: ChunkMemory): void {
    this.#free.push(memory.views);
  }

  /** Takes note of how large outcomes are. @param bytes of one */
  outcomesTook(bytes: number): void {
    this.#eachBytes = Math.max(bytes * SPARE, this.#eachBytes * 0.9);
  }

  #viewsFor(bytes: number): Memory {
    const free = this.#free;
    for (let i = free.length - 1; i >= 0; i--) {
      const views = free[i] as Memory;
      if (views.u8.length < bytes) continue;
      free[i] = free[free.length - 1] as Memory;
      free.pop();
      clearOutcomes(views);
      return views;
    }
    // What was too small gives way to what is large enough.
    free.pop();
    return new Memory(new SharedArrayBuffer(2 ** Math.ceil(Math.log2(Math.max(LEAST_BYTES, bytes)))));
  }
}
