/**
 * What workers have run, in a number of pieces that a page can draw. Runs in a row become one slice: those of
 * one task, and short ones of several tasks, under the name of the one that took most of the time.
 */
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
} from '../ledger/observer.js';
import type { Slice } from './wire.js';

/** In ms. Runs that are this close, or this short, cannot be told apart in the picture. */
const GRAIN_MS = 2;
/** With more workers the grain gets coarser, so that there are no more slices. */
const WORKERS_PER_GRAIN = 8;
/** A slice of several tasks is at most that many grains long. */
const MIXED_GRAINS = 5;

interface Open {
  readonly start: number;
  end: number;
  task: string;
  /** Run time of that task in it, in ms. */
  time: number;
  count: number;
  failed: number;
  /** Run times of all its tasks, where it has several. */
  times: Map<string, number> | undefined;
}

export class Slices extends IdleObserver {
  readonly #open = new Map<number, Open>();
  #done: [worker: number, Open][] = [];
  #grain = GRAIN_MS;

  override ran({ task }: ObservedRequest, { id }: ObservedWorker, run: ObservedRun): void {
    const { startedAt, runTime, completed, failed } = run;
    const open = this.#open.get(id);
    if (open !== undefined && this.#belongs(open, task.name, startedAt, runTime)) {
      extend(open, task.name, startedAt + runTime, runTime);
      open.count += completed;
      open.failed += failed;
      return;
    }
    if (open !== undefined) this.#done.push([id, open]);
    this.#open.set(id, {
      start: startedAt,
      end: startedAt + runTime,
      task: task.name,
      time: runTime,
      count: completed,
      failed,
      times: undefined,
    });
  }

  /**
   * Takes the slices since the last call.
   * @param epoch to be added to their times @param labelOf the label of a worker
   */
  take(epoch: number, labelOf: (worker: number) => string): readonly Slice[] {
    const all = [...this.#done, ...this.#open];
    this.#grain = GRAIN_MS * Math.max(1, this.#open.size / WORKERS_PER_GRAIN);
    this.#done = [];
    this.#open.clear();
    return all.map(([worker, { start, end, task, count, failed }]) => [
      labelOf(worker),
      round(start + epoch),
      round(end - start),
      task,
      count,
      failed,
    ]);
  }

  #belongs(open: Open, task: string, startedAt: number, runTime: number): boolean {
    if (startedAt - open.end > this.#grain) return false;
    if (open.task === task && open.times === undefined) return true;
    return runTime < this.#grain && startedAt + runTime - open.start < MIXED_GRAINS * this.#grain;
  }
}

function extend(open: Open, task: string, end: number, runTime: number): void {
  open.end = Math.max(open.end, end);
  if (task === open.task) open.time += runTime;
  if (task === open.task && open.times === undefined) return;
  open.times ??= new Map([[open.task, open.time]]);
  const time = (open.times.get(task) ?? 0) + runTime;
  open.times.set(task, time);
  if (time <= open.time) return;
  open.task = task;
  open.time = time;
}

/** To 0.01 ms. */
function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
