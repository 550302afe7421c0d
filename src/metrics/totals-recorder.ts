/** Counts what becomes of the requests of one task. It must cost little where tasks are no-ops. */
import type { ObservedRequest, ObservedRun } from '../ledger/observer.js';
import type { RequestOutcome } from '../ledger/outcome.js';
import type { TaskRecorder } from '../ledger/recorder.js';
import { TaskTotals } from './task-totals.js';

export class TotalsRecorder implements TaskRecorder {
  failed = 0;
  bytesIn = 0;
  bytesOut = 0;
  fulfilled = 0;
  readonly #totals = new TaskTotals();
  readonly #waitTime = this.#totals.waitTime;
  readonly #runTime = this.#totals.runTime;

  ran(waitTime: number | undefined, runTime: number): void {
    if (waitTime !== undefined) this.#waitTime.record(waitTime);
    this.#runTime.record(runTime);
  }

  ranItems({ queuedAt }: ObservedRequest, run: ObservedRun): void {
    const { startedAt, runTime, completed, itemTimes } = run;
    this.failed += run.failed;
    if (completed === 0) return;
    if (queuedAt !== undefined) this.#waitTime.record(startedAt - queuedAt, completed);
    if (itemTimes === undefined) this.#runTime.record(runTime / completed, completed);
    else for (let i = 0; i < completed; i++) this.#runTime.record(itemTimes[i] as number);
  }

  settled(outcome: RequestOutcome): void {
    if (outcome === 'fulfilled') this.fulfilled++;
    else this.#totals.outcomes[outcome]++;
  }

  /** What has been counted until now. It goes on changing. */
  totals(): TaskTotals {
    const totals = this.#totals;
    totals.failed = this.failed;
    totals.bytesIn = this.bytesIn;
    totals.bytesOut = this.bytesOut;
    totals.outcomes.fulfilled = this.fulfilled;
    return totals;
  }
}
