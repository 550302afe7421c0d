/** Requests in windows make room for more urgent ones. */
import { isReclaimable } from '../requests/reclaimable.js';
import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';

/**
 * Requests are taken back for a more urgent one only if they are expected to run for longer than this on
 * average, in ms. A window of shorter ones is soon over, and has too many to send them twice.
 */
const WORTH_TAKING_BACK_MS = 0.05;

/**
 * Called with requests that have been taken back: those that may run anywhere, and those that wait in the
 * worker's backlog now.
 */
export type TakeBack = (free: readonly Request[], bound: readonly Request[], from: Worker) => void;

export class Urgency {
  readonly #workers: readonly Worker[];
  readonly #takeBack: TakeBack;

  /** @param workers always the same list */
  constructor(workers: readonly Worker[], takeBack: TakeBack) {
    this.#workers = workers;
    this.#takeBack = takeBack;
  }

  /**
   * If no worker has room: takes less urgent requests back out of a window, so that this one runs next there.
   * O(w + window).
   * @returns whether there is room for it now
   */
  makeRoom(request: Request | undefined): boolean {
    if (request === undefined) return false;
    for (;;) {
      const least = lessUrgentWorker(this.#workers, request.priority);
      if (least === undefined) return false;
      if (this.#reclaim(least, request)) return true;
    }
  }

  /**
   * The request is given to this worker: takes less urgent ones back out of its window, also if that has
   * room, or it must wait there. O(window), and O(1) if the window has none.
   */
  makeRoomOn(request: Request, worker: Worker): void {
    if (worker.inFlight.lowestPriority < request.priority && isWorthIt(worker))
      this.#reclaim(worker, request);
  }

  /** @returns whether there are some */
  #reclaim(worker: Worker, request: Request): boolean {
    const requests = worker.reclaimBelow(request);
    if (requests.length === 0) return false;
    worker.status.hasUrgent = true;
    const free: Request[] = [];
    const bound: Request[] = [];
    for (const each of requests) (isReclaimable(each, 'balance') ? free : bound).push(each);
    this.#takeBack(free, bound, worker);
    return true;
  }
}

/**
 * The worker with the least work whose window may have requests of a lower priority, and whose run times are
 * worth it; `undefined`: none, or a worker has room. O(w).
 */
function lessUrgentWorker(workers: readonly Worker[], priority: number): Worker | undefined {
  let least: Worker | undefined;
  for (const worker of workers) {
    const { view, inFlight } = worker;
    if (worker.state !== 'ready') continue;
    if (view.available) return undefined;
    if (inFlight.lowestPriority >= priority || !isWorthIt(worker)) continue;
    if (least === undefined || view.work < least.view.work) least = worker;
  }
  return least;
}

function isWorthIt({ inFlight, view }: Worker): boolean {
  return inFlight.hasUnknown || view.work >= WORTH_TAKING_BACK_MS * view.pending;
}
