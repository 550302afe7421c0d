/** Moves unstarted requests from the fullest windows to idle workers. */
import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';

/** Called with the requests that have been taken back from one worker for another; there may be none. */
export type Move = (requests: readonly Request[], from: Worker, to: Worker) => void;

/** A worker without requests that may get some. O(w). */
export function idleWorker(workers: readonly Worker[]): Worker | undefined {
  for (const worker of workers) {
    if (worker.view.pending === 0 && worker.state === 'ready' && worker.view.available) return worker;
  }
  return undefined;
}

/** While a worker idles and another has unstarted requests, half of the fullest window moves. */
export function rebalance(workers: readonly Worker[], move: Move): void {
  /** Workers whose unstarted requests must stay. */
  let bound: Set<Worker> | undefined;
  for (;;) {
    const idle = idleWorker(workers);
    if (idle === undefined) return;
    const fullest = fullestWorker(workers, bound);
    if (fullest === undefined) return;
    const moved = fullest.reclaim(Math.min(Math.ceil(fullest.unstarted / 2), idle.status.allowance));
    if (moved.length === 0) {
      bound ??= new Set();
      bound.add(fullest);
    }
    move(moved, fullest, idle);
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
