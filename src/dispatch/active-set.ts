/**
 * Which workers get short tasks, where there are more workers than cores.
 *
 * A thread that is woken for a few microseconds of work costs more than that work, and its code has not been
 * compiled yet. So as long as short tasks wait, as many workers get them as there are cores; the others are
 * parked: they run what they have, and get nothing more. A worker that makes no progress is replaced by a
 * parked one, and more are used if the tasks block and leave cores unused. The first task that is not short,
 * or not known, ends it.
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
/** Passes for which all workers are used after a task that was not short. */
const SPREAD_PASSES = 64;
/** How often it is looked whether cores are unused while requests wait, in ms. */
const LOOK_MS = 5;
/** Share of the cores below which the tasks must be blocking. */
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
  /** How many workers get short tasks. */
  #limit: number;
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
    this.#limit = cores;
    this.#isPossible = policy instanceof LeastLoaded;
  }

  /** Whether workers may be parked. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** A pass begins. O(w) with more workers than cores, else O(1). @param first of the queue */
  begin(first: Request | undefined): void {
    if (!this.#isPossible || first === undefined) return;
    if (this.#workers.length <= this.#cores) {
      if (this.#isOn) this.#end();
      return;
    }
    if (this.#spreadPasses > 0) this.#spreadPasses--;
    else if (this.#isOn || isShort(first)) this.#choose();
  }

  /** A request is about to be assigned. O(1), and O(w) for the first that is not short. */
  meet(request: Request): void {
    if (this.#isOn && !isShort(request)) this.spread();
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
      this.#limit = this.#cores;
      this.#lastLook = 0;
      return;
    }
    this.#lookAtUsage();
  }

  #choose(): void {
    if (this.#workers.some(hasWeight)) {
      // Which ones get how much is then for the policy to say.
      this.spread();
      return;
    }
    this.#isOn = true;
    const now = this.#usage.now();
    let active = 0;
    for (const worker of this.#workers) {
      const isActive = getsOn(worker, now);
      if (isActive) active++;
      this.#park(worker, isActive && active > this.#limit);
    }
  }

  #end(): void {
    this.#isOn = false;
    this.#limit = this.#cores;
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
    const used = (cpu - this.#lastCpu) / (this.#cores * (now - this.#lastLook));
    if (this.#lastLook > 0 && used < USED_SHARE)
      this.#limit = Math.min(this.#workers.length, 2 * this.#limit);
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

/** Whether the request's task is known to be short, and may run anywhere. */
function isShort({ task, extras }: Request): boolean {
  if (!(task.mean < SHORT_MS)) return false;
  return (
    extras === undefined ||
    (extras.session === undefined && extras.transfer === undefined && extras.chunk === undefined)
  );
}
