/** How much of the time workers were running something, between two looks. */
import type { Worker } from '../worker/worker.js';

interface Look {
  readonly at: number;
  /** In ms. */
  readonly busy: number;
}

export class Utilization {
  readonly #last = new WeakMap<Worker, Look>();

  /**
   * The part of the time since the last call for this worker, or since the start of its thread: from 0 to 1.
   */
  of(worker: Worker, now: number): number {
    const running = worker.state === 'dead' ? 0 : worker.running.timeUntil(now);
    const busy = worker.completions.busyTime + running;
    const last = this.#last.get(worker) ?? { at: worker.startedAt, busy: 0 };
    this.#last.set(worker, { at: now, busy });
    const elapsed = now - last.at;
    return elapsed <= 0 ? 0 : Math.min(1, Math.max(0, (busy - last.busy) / elapsed));
  }
}
