/**
 * Which workers get short tasks, where there are more workers than are of use.
 *
 * A thread that is woken for a few microseconds of work costs more than that work, and its code has not been
 * compiled yet. So as long as short tasks wait, as many workers get them as there are cores, and as few as the
 * main thread can keep busy: for tasks that take no time that is one. The others are parked: they run what they
 * have, and get nothing more. A worker that makes no progress is replaced by a parked one, and more are used if
 * the tasks block and leave cores unused. The first task that is not short, or not known, ends it.
 *
 * Workers that are held up complete nothing, and what waits behind them would wait as long as they do. So
 * while it is on, `StuckWorkers` looks every few ms.
 *
 * Parked workers look full to the policy. That is for policies that go by load alone and are free to choose
 * any worker.
 */
import type { Policy } from '../policies/policy.js';
import { LeastLoaded } from '../policies/support/least-loaded.js';
import { performance } from '../protocol/clock.js';
import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';
import { makesNoProgress } from './load.js';

/** Tasks with a shorter mean run time than this do not pay for waking a thread, in ms. */
const SHORT_MS = 0.05;
/**
 * What the main thread needs for a request at least, from `submit` to its promise, in ms. More requests than
 * that it cannot hand out.
 */
const HAND_OVER_MS = 0.0004;
/** What a thread needs for a request besides running it, in ms. */
const THREAD_MS = 0.000_15;
/** Passes for which all workers are used after a task that was not short. */
const SPREAD_PASSES = 64;
/** How often it is looked whether cores are unused while requests wait, in ms. */
const LOOK_MS = 5;
/** Share of as many cores as tasks are worth workers, below which the tasks must be blocking. */
const USED_SHARE = 0.6;

/** What the process has used so far. */
export interface Usage {
  /** In ms. */
  now(): number;
  /** Time on all cores, in ms. */
  cpu(): number;
}

const ofProcess: Usage = {
  now: performance.now,
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

export class ActiveSet {
  readonly #policy: Policy;
  readonly #workers: readonly Worker[];
  readonly #cores: number;
  readonly #usage: Usage;
  readonly #isPossible: boolean;
  #isOn = false;
  #spreadPasses = 0;
  /** How many workers the short tasks of this pass are worth. */
  #useful = 1;
  /** Tasks with a longer mean run time than this are worth more workers, in ms. */
  #longest = 0;
  /** How many times as many get them, since they block. */
  #growth = 1;
  #lastLook = 0;
  #lastCpu = 0;

  /**
   * @param workers always the same list
   * @param cores how many threads the machine runs at once
   */
  constructor(policy: Policy, workers: readonly Worker[], cores: number, usage = ofProcess) {
    this.#usage = usage;
    this.#policy = policy;
    this.#workers = workers;
    this.#cores = cores;
    this.#isPossible = policy instanceof LeastLoaded;
  }

  /** Whether workers may be parked. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** A pass begins. O(w) while workers are parked, or are to be, else O(1). @param first of the queue */
  begin(first: Request | undefined): void {
    if (!this.#isPossible || first === undefined) return;
    if (this.#spreadPasses > 0) this.#spreadPasses--;
    else if (isShort(first)) this.#choose(first.task.mean);
  }

  /** A request is about to be assigned. O(1), and O(w) for the first one that is worth more workers. */
  meet(request: Request): void {
    if (!this.#isOn || (request.task.mean <= this.#longest && isFree(request))) return;
    if (isShort(request)) this.#choose(request.task.mean);
    else this.spread();
  }

  /** All workers are used for a while. O(w). */
  spread(): void {
    this.#spreadPasses = SPREAD_PASSES;
    if (this.#isOn) this.#end();
  }

  /** The pass is over. O(1). @param isWaiting whether requests have found no worker */
  finish(isWaiting: boolean): void {
    if (!this.#isOn) return;
    if (!isWaiting) {
      this.#growth = 1;
      this.#lastLook = 0;
      return;
    }
    this.#lookAtUsage();
  }

  /** @param mean run time of the tasks, in ms */
  #choose(mean: number): void {
    const kept = Math.max(1, Math.ceil((mean + THREAD_MS) / HAND_OVER_MS));
    this.#useful = Math.min(kept, this.#cores);
    this.#longest = kept < this.#cores ? kept * HAND_OVER_MS - THREAD_MS : SHORT_MS;
    if (this.#workers.length <= this.#useful) {
      if (this.#isOn) this.#end();
      return;
    }
    if (this.#workers.some(hasWeight)) {
      // Which ones get how much is then for the policy to say.
      this.spread();
      return;
    }
    this.#isOn = true;
    const now = this.#usage.now();
    const limit = this.#useful * this.#growth;
    let active = 0;
    for (const worker of this.#workers) {
      const isActive = getsOn(worker, now);
      if (isActive) active++;
      this.#park(worker, isActive && active > limit);
    }
  }

  #end(): void {
    this.#isOn = false;
    this.#growth = 1;
    this.#lastLook = 0;
    for (const worker of this.#workers) this.#park(worker, false);
  }

  #park(worker: Worker, parks: boolean): void {
    if (worker.status.isParked === parks) return;
    worker.status.park(parks);
    this.#policy.update(worker.view);
  }

  #lookAtUsage(): void {
    const now = this.#usage.now();
    if (now - this.#lastLook < LOOK_MS) return;
    const cpu = this.#usage.cpu();
    const used = (cpu - this.#lastCpu) / (this.#useful * (now - this.#lastLook));
    const areAllUsed = this.#useful * this.#growth >= this.#workers.length;
    if (this.#lastLook > 0 && used < USED_SHARE && !areAllUsed) this.#growth *= 2;
    this.#lastLook = now;
    this.#lastCpu = cpu;
  }
}

/** Whether the worker runs short tasks as they come, as far as is known. */
function getsOn(worker: Worker, now: number): boolean {
  const { state, isPaused, isUnresponsive, allowance } = worker.status;
  return state === 'ready' && !isPaused && !isUnresponsive && allowance > 0 && !makesNoProgress(worker, now);
}

function hasWeight({ view }: Worker): boolean {
  return view.weight !== 1;
}

/** Whether the request's task is known to be short, and it may run anywhere. */
function isShort(request: Request): boolean {
  return request.task.mean < SHORT_MS && isFree(request);
}

/** Whether the request is one task, and may run anywhere. */
function isFree({ extras }: Request): boolean {
  return (
    extras === undefined ||
    (extras.session === undefined && extras.transfer === undefined && extras.chunk === undefined)
  );
}
