/**
 * Counts what becomes of the requests of one task. It must cost little where tasks are no-ops, so the times
 * of runs are kept as they come, and counted many at once: that takes a third of the time.
 */
import type { ObservedRequest, ObservedRun } from '../ledger/observer.js';
import type { RequestOutcome } from '../ledger/outcome.js';
import { TaskTotals } from './task-totals.js';

/** Runs whose times are kept before they are counted. */
const KEPT = 128;

export class TaskRecorder {
  readonly #totals = new TaskTotals();
  /** In ms. */
  readonly #waits = new Float64Array(KEPT);
  readonly #runs = new Float64Array(KEPT);
  #kept = 0;
  /** Most requests by far are, and a field is quicker than a name. */
  #fulfilled = 0;

  ran({ queuedAt }: ObservedRequest, run: ObservedRun): void {
    const { startedAt, runTime, completed, itemTimes } = run;
    const totals = this.#totals;
    totals.failed += run.failed;
    totals.bytesIn += run.bytesIn;
    totals.bytesOut += run.bytesOut;
    if (completed === 1 && itemTimes === undefined && queuedAt !== undefined) {
      const at = this.#kept++;
      this.#waits[at] = startedAt - queuedAt;
      this.#runs[at] = runTime;
      if (at === KEPT - 1) this.#count();
      return;
    }
    if (completed === 0) return;
    if (queuedAt !== undefined) totals.waitTime.record(startedAt - queuedAt, completed);
    if (itemTimes === undefined) totals.runTime.record(runTime / completed, completed);
    else for (let i = 0; i < completed; i++) totals.runTime.record(itemTimes[i] as number);
  }

  settled(outcome: RequestOutcome): void {
    if (outcome === 'fulfilled') this.#fulfilled++;
    else this.#totals.outcomes[outcome]++;
  }

  /** What has been counted until now. It goes on changing. */
  totals(): TaskTotals {
    this.#count();
    return this.#totals;
  }

  #count(): void {
    const totals = this.#totals;
    totals.outcomes.fulfilled += this.#fulfilled;
    this.#fulfilled = 0;
    totals.waitTime.recordAll(this.#waits, this.#kept);
    totals.runTime.recordAll(this.#runs, this.#kept);
    this.#kept = 0;
  }
}
