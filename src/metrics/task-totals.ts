/** What has been counted of one task. To count must cost little where tasks are no-ops. */
import type { ObservedRequest, ObservedRun } from '../ledger/observer.js';
import { noOutcomes, type OutcomeCounts, REQUEST_OUTCOMES, type RequestOutcome } from '../ledger/outcome.js';
import type { TaskRecorder } from '../ledger/recorder.js';
import { Histogram } from './histogram.js';
import type { TaskMetrics } from './snapshot.js';

export class TaskTotals implements TaskRecorder {
  failed = 0;
  bytesIn = 0;
  bytesOut = 0;
  waitTime = new Histogram();
  runTime = new Histogram();
  readonly #books: OutcomeCounts;
  readonly #before: OutcomeCounts;

  /** @param books what the books have of the task: they go on counting @param before what they had at first */
  constructor(books: OutcomeCounts, before = noOutcomes()) {
    this.#books = books;
    this.#before = before;
  }

  get outcomes(): OutcomeCounts {
    return difference(this.#books, this.#before);
  }

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
    const since = new TaskTotals(difference(this.outcomes, earlier?.outcomes ?? noOutcomes()));
    since.failed = this.failed - (earlier?.failed ?? 0);
    since.bytesIn = this.bytesIn - (earlier?.bytesIn ?? 0);
    since.bytesOut = this.bytesOut - (earlier?.bytesOut ?? 0);
    since.waitTime = this.waitTime.since(earlier?.waitTime);
    since.runTime = this.runTime.since(earlier?.runTime);
    return since;
  }

  /** Whether nothing has been counted. */
  get isEmpty(): boolean {
    const { outcomes } = this;
    return this.runTime.count === 0 && REQUEST_OUTCOMES.every((each) => outcomes[each] === 0);
  }

  metrics(): Omit<TaskMetrics, 'task'> {
    return {
      count: this.runTime.count,
      failed: this.failed,
      outcomes: this.outcomes,
      waitTime: this.waitTime.distribution(),
      runTime: this.runTime.distribution(),
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }
}

function difference(later: OutcomeCounts, earlier: OutcomeCounts): { [Outcome in RequestOutcome]: number } {
  const counts = noOutcomes();
  for (const each of REQUEST_OUTCOMES) counts[each] = later[each] - earlier[each];
  return counts;
}
