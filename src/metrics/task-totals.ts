/**
 * What has been counted of one task. To count must cost little where tasks are no-ops, so threads count most of
 * it themselves (`protocol/tally.ts`): what is here is without that, but for copies.
 */
import type { ObservedRequest, ObservedRun } from '../ledger/observer.js';
import { noOutcomes, type OutcomeCounts, REQUEST_OUTCOMES, type RequestOutcome } from '../ledger/outcome.js';
import type { TaskRecorder } from '../ledger/recorder.js';
import { NUMBER_BYTES, type Tally } from '../protocol/tally.js';
import { Histogram } from './histogram.js';
import type { TaskMetrics } from './snapshot.js';

export class TaskTotals implements TaskRecorder {
  failed = 0;
  bytesIn = 0;
  bytesOut = 0;
  waitTime = new Histogram();
  runTime = new Histogram();
  /** Of threads that live. */
  readonly #tallies = new Set<Tally>();
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

  join(tally: Tally): void {
    this.#tallies.add(tally);
  }

  leave(tally: Tally): void {
    this.#tallies.delete(tally);
    this.#add(tally);
  }

  /** All that has been counted so far, also by threads. */
  copy(): TaskTotals {
    const copy = new TaskTotals(this.outcomes);
    copy.failed = this.failed;
    copy.bytesIn = this.bytesIn;
    copy.bytesOut = this.bytesOut;
    copy.waitTime = this.waitTime.copy();
    copy.runTime = this.runTime.copy();
    for (const tally of this.#tallies) copy.#add(tally);
    return copy;
  }

  /** Of a copy: what has been counted since an earlier one was made; `undefined`: all. */
  since(earlier: TaskTotals | undefined): TaskTotals {
    if (earlier === undefined) return this;
    const since = new TaskTotals(difference(this.outcomes, earlier.outcomes));
    since.failed = this.failed - earlier.failed;
    since.bytesIn = this.bytesIn - earlier.bytesIn;
    since.bytesOut = this.bytesOut - earlier.bytesOut;
    since.waitTime = this.waitTime.since(earlier.waitTime);
    since.runTime = this.runTime.since(earlier.runTime);
    return since;
  }

  /** Whether nothing has been counted. */
  get isEmpty(): boolean {
    const { outcomes } = this;
    return this.runTime.count === 0 && REQUEST_OUTCOMES.every((each) => outcomes[each] === 0);
  }

  #add({ waitTimes, runTimes }: Tally): void {
    this.waitTime.add(waitTimes);
    const before = this.runTime.count;
    this.runTime.add(runTimes);
    this.bytesOut += NUMBER_BYTES * (this.runTime.count - before);
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
