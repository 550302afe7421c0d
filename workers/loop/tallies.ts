/** Counts the times of the runs of this thread, by task: steps 3 and 4 of `src/protocol/tally.ts`. */
import { earlyBy } from '../../src/protocol/early-start.js';
import { Tally } from '../../src/protocol/tally.js';
import type { Window } from '../../src/protocol/window.js';
import { flags } from '../../src/values/slot-format.js';

export class Tallies {
  readonly #window: Window;
  readonly #byTask = new Map<number, Tally>();
  /** The task that was counted last, and its tally. */
  #task = 0;
  #tally: Tally | undefined;

  constructor(window: Window) {
    this.#window = window;
  }

  /** Runs of the task are counted there from now on. @param memory of a tally, which other tasks may share */
  use(task: number, memory: SharedArrayBuffer): void {
    this.#byTask.set(task, new Tally(memory));
    this.#task = 0;
  }

  /** The main thread counts runs of these tasks. */
  forget(tasks: readonly number[]): void {
    for (const task of tasks) this.#byTask.delete(task);
    this.#task = 0;
  }

  /**
   * Counts the run of the request at a position, which is to be completed next.
   * @param runTime in ms
   * @returns `flags.counted`, or 0: the main thread counts it, if it is to be counted
   */
  count(position: number, id: number, runTime: number): number {
    const window = this.#window;
    const { i32 } = window.memory;
    const slot = window.requestSlot(position);
    // Items of a chunk have times of their own, which the main thread counts.
    if (((i32[slot + 2] as number) & (flags.timed | flags.chunk)) !== flags.timed) return 0;
    const task = i32[slot + 1] as number;
    if (task !== this.#task) {
      this.#task = task;
      this.#tally = this.#byTask.get(task);
    }
    if (this.#tally === undefined) return 0;
    const queuedAt = window.submitTimes.at(position);
    const { startedAt } = window.status;
    const early = earlyBy(queuedAt, startedAt);
    const waitTime = early > 0 ? 0 : startedAt - queuedAt;
    const isCounted = this.#tally.count(id, waitTime, runTime > early ? runTime - early : 0);
    return isCounted ? flags.counted : 0;
  }
}
