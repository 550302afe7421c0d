/** What has been counted of one task. */
import { noOutcomes, REQUEST_OUTCOMES, type RequestOutcome } from '../ledger/outcome.js';
import { Histogram } from './histogram.js';
import type { TaskMetrics } from './snapshot.js';

export class TaskTotals {
  failed = 0;
  bytesIn = 0;
  bytesOut = 0;
  outcomes: { [Outcome in RequestOutcome]: number } = noOutcomes();
  waitTime = new Histogram();
  runTime = new Histogram();

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
