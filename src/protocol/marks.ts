/**
 * Two words in a window's memory by which the main thread (M) asks the worker (W) to stop: the request that
 * runs, or the chunk of which no further item is to be started. Step 11 in `window.ts` is about the latter.
 */
import { CANCELLED, type Memory, STOPPED } from './layout.js';

export class Marks {
  readonly #memory: Memory;
  /** M: whether one of the words may have an id. */
  #hasAny = false;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  get #words(): Int32Array {
    return this.#memory.i32;
  }

  /** M: asks the running task to stop. The task sees this without a turn of its event loop. */
  cancel(id: number): void {
    this.#hasAny = true;
    Atomics.store(this.#words, CANCELLED, id);
  }

  /** M: no further item of the chunk is to be started. */
  stop(id: number): void {
    this.#hasAny = true;
    Atomics.store(this.#words, STOPPED, id);
  }

  /** W: whether M has asked the request to stop. */
  isCancelled(id: number): boolean {
    return Atomics.load(this.#words, CANCELLED) === id;
  }

  /** W, after `ThreadStatus.noteItem`: whether that item must not be started. */
  isStopped(id: number): boolean {
    return Atomics.load(this.#words, STOPPED) === id;
  }

  /**
   * M: whether a request may have been asked to stop that is not over. Spares most requests the next call.
   */
  get hasAny(): boolean {
    return this.#hasAny;
  }

  /** M: the request is over. After the ids have wrapped, another of the same id must not be taken for it. */
  forget(id: number, items: number): void {
    const words = this.#words;
    const cancelled = words[CANCELLED] as number;
    if (cancelled >= id && cancelled < id + items) Atomics.store(words, CANCELLED, 0);
    if (words[STOPPED] === id) Atomics.store(words, STOPPED, 0);
    this.#hasAny = words[CANCELLED] !== 0 || words[STOPPED] !== 0;
  }
}
