/** When and what the dispatcher takes back out of windows: for idle workers, and from behind long runs. */
import type { Request } from '../requests/request.js';
import type { WindowLimits, Worker } from '../worker/worker.js';

/**
 * A worker without a completion for this long holds up what waits behind its running request, in ms. Simulated with 8 workers,
 * bounded-Pareto run times of 1 to 500 ms, load 0.9 and a hand-over of 0.12 ms: the mean slowdown is 1.25 × that of a central queue
 * with nothing sent ahead, 1.10 × with 2 ms, 1.05 × with 5 ms.
 */
export const STUCK_MS = 4;

/** A worker that idles. O(w). */
export function idleWorker(workers: readonly Worker[]): Worker | undefined {
  for (const worker of workers) {
    if (worker.view.pending === 0 && worker.state === 'ready' && !worker.isAbsent) return worker;
  }
  return undefined;
}

/** What the dispatcher does for the levelling. */
export interface Leveller {
  /** Half of a window has been taken back for an idle worker. */
  give(requests: readonly Request[], from: Worker, to: Worker): void;
  /** These were stuck behind a long run, or in a thread that starts nothing: they go back to their place in the queue. */
  release(requests: readonly Request[], from: Worker): void;
}

/** While a worker idles and another has unstarted requests, half of the fullest window moves. */
export function rebalance(workers: readonly Worker[], leveller: Leveller): void {
  /** Workers whose unstarted requests must stay. */
  let bound: Set<Worker> | undefined;
  for (;;) {
    const idle = idleWorker(workers);
    if (idle === undefined) return;
    const fullest = fullestWorker(workers, bound);
    if (fullest === undefined) return;
    const moved = fullest.reclaim(Math.ceil(fullest.unstarted / 2));
    if (moved.length === 0) {
      bound ??= new Set();
      bound.add(fullest);
    }
    leveller.give(moved, fullest, idle);
  }
}

function fullestWorker(
  workers: readonly Worker[],
  except: ReadonlySet<Worker> | undefined,
): Worker | undefined {
  let fullest: Worker | undefined;
  let most = 0;
  for (const worker of workers) {
    if (worker.view.pending < 2 || except?.has(worker) === true) continue;
    const { unstarted } = worker;
    if (unstarted > most) {
      most = unstarted;
      fullest = worker;
    }
  }
  return fullest;
}

/** Whether it has requests and has started none. It may be about to. */
export function startsNothing(worker: Worker): boolean {
  return worker.view.pending > 0 && worker.state === 'ready' && worker.runningRequest === undefined;
}

/**
 * Requests behind a long one go back to the queue, to their place by age, and no more are sent there until it is over. So a
 * window costs nobody more than a few ms of his turn.
 *
 * So do those in a thread that does not start them: something that an earlier task has left behind, a timer say, holds it. Such a
 * worker is absent, and gets no more, until its thread answers.
 */
export class StuckWorkers {
  /** Whether windows are bounded by expected work: then not even one request is sent behind a run that has become long. */
  readonly #byWork: boolean;
  #lastLook = 0;

  constructor(limits: WindowLimits) {
    this.#byWork = limits.lead.isBounded;
  }

  /** A window of a given depth stays filled as it is, until others have made progress: then this is false. */
  get atEachPass(): boolean {
    return this.#byWork;
  }

  /** Looks at all workers, not more often than twice in a millisecond. O(w). */
  look(workers: readonly Worker[], now: number, leveller: Leveller): void {
    if (now - this.#lastLook < STUCK_MS / 8 || workers.length < 2) return;
    this.#lastLook = now;
    for (const worker of workers) {
      const { pending } = worker.view;
      if (pending === 0 || now - worker.lastProgress < STUCK_MS) continue;
      // It is the main thread that has not looked for so long.
      if (worker.hasResults) continue;
      if (startsNothing(worker)) {
        if (!workers.some((other) => other !== worker && other.state === 'ready' && !other.isAbsent))
          continue;
        const requests = worker.reclaim(Number.POSITIVE_INFINITY);
        if (requests.length > 0) worker.call();
        leveller.release(requests, worker);
        continue;
      }
      if (pending < (this.#byWork ? 1 : 2) || worker.heldBack) continue;
      worker.holdBack();
      leveller.release(pending > 1 ? worker.reclaim(Number.POSITIVE_INFINITY) : [], worker);
    }
  }
}
