/** Where the chunks of a batch run. */
import type { ChunkMemory } from './memory.js';
import type { Run } from './settle.js';
import type { Part } from './work.js';

export interface Executor {
  /** Makes sure of the function. Rejects where it cannot be had. */
  prepare(setup: string): Promise<unknown>;
  /** Whether it takes another chunk, beside so many. */
  wants(running: number): boolean;
  /**
   * Size of the next chunk in bytes.
   *
   * @param left bytes not yet run, if known
   * @param most upper limit
   */
  sizeOf(left: number | undefined, most: number): number;
  /** Whether the chunk may be in a file, which its thread then reads. */
  readonly readsFiles: boolean;
  /**
   * Runs a chunk that is in its memory, or in its file. What has become of it is in the memory of the run, which may be
   * another one. Rejects with what concerns the whole batch.
   */
  run(part: Part, memory: ChunkMemory): Promise<Run>;
  /** A run has come back. @param bytes of its finished lines */
  ran(bytes: number, memory: ChunkMemory): void;
  /** More input has come. */
  look(): void;
  /** Begins no further item. @param now: the runs are abandoned */
  stop(now: boolean): void;
  /** All is done. */
  close(): void;
}
