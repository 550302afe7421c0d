/** Has a thread count the times of its runs: `src/protocol/tally.ts`. */
import type { TaskRecorder } from '../ledger/recorder.js';
import type { ToWorker } from '../protocol/messages.js';
import { TALLY_BYTES, Tally } from '../protocol/tally.js';
import type { TaskRef } from '../tasks/registry.js';
import { MemoryPool } from './memory-pool.js';

/** Runs of a task that are counted here before its thread counts them: it may have few. */
const FIRST_RUNS = 64;
const memories = new MemoryPool(TALLY_BYTES);

export class Tallies {
  readonly #send: (message: ToWorker) => void;
  /** One for all tasks of a name, as they have one recorder. */
  readonly #given = new Map<TaskRecorder, { readonly tally: Tally; readonly memory: SharedArrayBuffer }>();
  /** Runs that were counted here, by id of the task. */
  readonly #runs = new Map<number, number>();

  constructor(send: (message: ToWorker) => void) {
    this.#send = send;
  }

  /** A run was counted here. */
  missed({ id }: TaskRef, recorder: TaskRecorder): void {
    const runs = (this.#runs.get(id) ?? 0) + 1;
    if (runs > FIRST_RUNS) return;
    this.#runs.set(id, runs);
    if (runs === FIRST_RUNS) this.#send({ type: 'tally', task: id, memory: this.#memoryOf(recorder) });
  }

  /** The thread forgets these tasks. */
  forget(ids: readonly number[]): void {
    for (const id of ids) this.#runs.delete(id);
  }

  /**
   * The thread has ended.
   * @param running id of the request that it has not completed
   * @param isGone it was not given up, so that nobody uses the memory any more
   * @returns whether it has counted that request's run
   */
  end(running: number | undefined, isGone: boolean): boolean {
    let hasCounted = false;
    for (const [recorder, { tally, memory }] of this.#given) {
      if (running !== undefined && tally.hasCounted(running)) hasCounted = true;
      recorder.leave(tally);
      if (isGone) memories.giveBack(memory);
    }
    this.#given.clear();
    return hasCounted;
  }

  #memoryOf(recorder: TaskRecorder): SharedArrayBuffer {
    let given = this.#given.get(recorder);
    if (given === undefined) {
      const memory = memories.take();
      new Float64Array(memory).fill(0);
      given = { tally: new Tally(memory), memory };
      this.#given.set(recorder, given);
      recorder.join(given.tally);
    }
    return given.memory;
  }
}
