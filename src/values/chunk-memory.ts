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
/** Memory out of use that is kept, for all maps of a Balancer. */
const MOST_FREE_BYTES = 4 * 2 ** 20;
const MOST_OUTCOME_BYTES = 4 * 2 ** 20;

/** Where the texts of items begin. */
export function textsFrom(memory: ChunkMemory): number {
  return memory.outcomesEnd;
}

/** Memory that no chunk uses, for all maps of a Balancer: short maps need not make their own. */
export class FreeMemories {
  readonly #free: Memory[] = [];
  #bytes = 0;

  /** Gives memory of that many bytes or more, if there is any. */
  take(bytes: number): Memory | undefined {
    const free = this.#free;
    for (let i = free.length - 1; i >= 0; i--) {
      const views = free[i] as Memory;
      if (views.u8.length < bytes) continue;
      free[i] = free[free.length - 1] as Memory;
      free.pop();
      this.#bytes -= views.u8.length;
      return views;
    }
    // What was too small gives way to what is large enough.
    this.#bytes -= free.pop()?.u8.length ?? 0;
    return undefined;
  }

  giveBack(views: Memory): void {
    if (this.#bytes + views.u8.length > MOST_FREE_BYTES) return;
    this.#bytes += views.u8.length;
    this.#free.push(views);
  }
}

export class ChunkMemories {
  readonly #free: FreeMemories;
  /** Bytes of the outcome of one item, of late. */
  #eachBytes = FIRST_OUTCOME_BYTES;

  constructor(free: FreeMemories) {
    this.#free = free;
  }

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
    this.#free.giveBack(memory.views);
  }

  /** Takes note of how large outcomes are. @param bytes of one */
  outcomesTook(bytes: number): void {
    this.#eachBytes = Math.max(bytes * SPARE, this.#eachBytes * 0.9);
  }

  #viewsFor(bytes: number): Memory {
    const views = this.#free.take(bytes);
    if (views === undefined)
      return new Memory(new SharedArrayBuffer(2 ** Math.ceil(Math.log2(Math.max(LEAST_BYTES, bytes)))));
    clearOutcomes(views);
    return views;
  }
}
