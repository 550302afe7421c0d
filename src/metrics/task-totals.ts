/** What has been counted of one task. To count must cost little where tasks are no-ops. */
import type { ObservedRequest, ObservedRun } from '../ledger/observer.js';
import { noOutcomes, REQUEST_OUTCOMES, type RequestOutcome } from '../ledger/outcome.js';
import type { TaskRecorder } from '../ledger/recorder.js';
import { Histogram } from './histogram.js';
import type { TaskMetrics } from './snapshot.js';

export class TaskTotals implements TaskRecorder {
  failed = 0;
  bytesIn = 0;
  bytesOut = 0;
  outcomes: { [Outcome in RequestOutcome]: number } = noOutcomes();
  waitTime = new Histogram();
  runTime = new Histogram();

  ranItems({ queuedAt }: ObservedRequest, run: ObservedRun): void {
    const { startedAt, runTime, completed, itemTimes } = run;
    this.failed += run.failed;
    if (completed === 0) return;
    if (queuedAt !== undefined) this.waitTime.record(startedAt - queuedAt, completed);
    if (itemTimes === undefined) this.runTime.record(runTime / completed, completed);
    else for (let i = 0; i < completed; i++) this.runTime.record(itemTimes[i] as number);
  }

  copy(): TaskTotals {
    return this.since(undefined);
  }

  /** What has been counted since an earlier copy was made; `undefined`: all. */
  since(earlier: TaskTotals | undefined): TaskTotals {
    const since = new TaskTotals();
    since.failed = this.failed - (earlier?.failed ?? 0);
    since.bytesIn = this.bytesIn - (earlier?.bytesIn ?? 0);
    since.bytesOut = this.bytesOut - (earlier?.bytesOut ?? 0);
    for (const each of REQUEST_OUTCOMES)
      since.outcomes[each] = this.outcomes[each] - (earlier?.outcomes[each] ?? 0);
    since.waitTime = this.waitTime.since(earlier?.waitTime);
    since.runTime = this.runTime.since(earlier?.runTime);
    return since;
  }

  metrics(): Omit<TaskMetrics, 'task'> {
    return {
      count: this.runTime.count,
      failed: this.failed,
      outcomes: { ...this.outcomes },
      waitTime: this.waitTime.distribution(),
      runTime: this.runTime.distribution(),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }
}
