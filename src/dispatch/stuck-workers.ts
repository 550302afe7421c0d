/** Takes requests back that wait behind a long run, or in a thread that starts nothing. */

// By name, not as globals: a test that puts fake timers in their place must not stop the Balancer.
import { setTimeout } from '../protocol/timers.js';
import type { Worker } from '../worker/worker.js';
import type { Assignment } from './assignment.js';
import { makesNoProgress, STUCK_MS } from './load.js';

/**
 * Requests behind a long one go back to the queue, to their place by age, and its worker is paused: it gets
 * no more until the long one is over. So a window delays no request by more than a few ms.
 *
 * The same goes for requests in a thread that does not start them: a timer, say, that an earlier task has
 * left behind keeps it busy. Such a worker counts as unresponsive and gets no more until its thread answers.
 */
export class StuckWorkers {
  readonly #workers: readonly Worker[];
  readonly #assignment: Assignment;
  /**
   * Windows are bounded by expected work: then not even one request is sent behind a run that has become
   * long.
   */
  readonly #byWork: boolean;
  readonly #timer: NodeJS.Timeout;
  #isArmed = false;
  #lastLook = 0;

  /**
   * @param workers always the same list
   * @param wake called `STUCK_MS` after `arm` if a worker has started none of its requests, or workers are
   * parked that could run what waits behind a long run
   */
  constructor(workers: readonly Worker[], assignment: Assignment, byWork: boolean, wake: () => void) {
    this.#workers = workers;
    this.#assignment = assignment;
    this.#byWork = byWork;
    // Made here and not for the first request, whose AsyncLocalStorage it would hold for ever.
    this.#timer = setTimeout(() => {
      if (!this.#isArmed) return;
      this.#isArmed = false;
      if (assignment.mayPark || workers.some(startsNothing)) wake();
    }, STUCK_MS);
    this.#timer.unref();
  }

  /**
   * False for windows of a fixed depth: then stuck workers are looked for after completions only, not at
   * every pass.
   */
  get atEachPass(): boolean {
    return this.#byWork;
  }

  /**
   * Requests are in windows. A thread that is held up completes nothing, so only a timer makes the main
   * thread look. It runs once, and again only if it is armed again. O(1), and next to nothing while it runs.
   */
  arm(): void {
    if (this.#isArmed || this.#workers.length < 2) return;
    this.#isArmed = true;
    this.#timer.refresh();
  }

  /** Looks at all workers, not more often than twice in a millisecond. O(w). */
  look(now: number): void {
    const workers = this.#workers;
    if (now - this.#lastLook < STUCK_MS / 8 || workers.length < 2) return;
    this.#lastLook = now;
    for (const worker of workers) {
      if (!makesNoProgress(worker, now)) continue;
      if (startsNothing(worker)) this.#takeFromUnresponsive(worker);
      else this.#takeFromBehindLongRun(worker);
    }
  }

  #takeFromUnresponsive(worker: Worker): void {
    const isElsewhere = this.#workers.some(
      (other) => other !== worker && other.state === 'ready' && !other.status.isUnresponsive,
    );
    if (!isElsewhere) return;
    const requests = worker.reclaim(Number.POSITIVE_INFINITY);
    if (requests.length > 0) worker.call();
    this.#assignment.takeBack(requests, worker);
  }

  #takeFromBehindLongRun(worker: Worker): void {
    const { pending } = worker.view;
    if (pending < (this.#byWork ? 1 : 2) || worker.status.isPaused) return;
    worker.status.pause();
    this.#assignment.takeBack(pending > 1 ? worker.reclaim(Number.POSITIVE_INFINITY) : [], worker);
  }
}

/** Whether it has requests and has started none. It may be about to. */
function startsNothing(worker: Worker): boolean {
  return worker.view.pending > 0 && worker.state === 'ready' && worker.runningRequest === undefined;
}
