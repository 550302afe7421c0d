/**
 * How many jobs a machine takes at a time: those that its threads run, and a few ahead. With a share below 1
 * as many run as are that part of its threads, on average (see `Turns`); with one above, it has more ahead.
 * Jobs that are ahead are there when a thread becomes free. More would wait here while another machine is
 * idle, so it is one for a machine, unless jobs are so short that the way to the engine and back takes
 * longer than they do: then as many as are done with in that time; if they turn out to be long, what has not
 * begun goes to others. What is ahead is lost with the machine, though it has not run; so there is little of
 * it while jobs come that should not be lost.
 */
import type { Worker } from 'bullmq';
import type { Balancer } from '../balancer.js';
import { performance } from '../protocol/clock.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { GIVEN_BACK } from './of-machine.js';
import { Turns } from './turns.js';

/** Time between two looks at the threads, whose number may change, and at their run times, in ms. */
const LOOK_MS = 100;
/** Work that each thread has ahead while jobs are short, in ms: some round trips to the engine. */
const AHEAD_MS = 4;
/** Jobs that each thread has ahead at most. */
const MOST_AHEAD = 64;
/** How long little is ahead after such a job, in ms. */
const CAUTIOUS_MS = 10_000;
/** How long jobs are taken one at a time after one that must be alone, in ms. */
const ALONE_MS = 1_000;
/** Between two jobs that are tried while the Balancer can run nothing, in ms. */
const UNABLE_MS = 500;
/** So near to a number of whole threads a share means that: 0.33 of three threads is one. */
const NEAR = 0.05;
/** Weight of earlier looks in the mean, where jobs have become shorter; longer ones count at once. */
const OLDER = 0.5;

export class Slots {
  readonly #balancer: Pick<Balancer, 'stats'>;
  readonly #share: number;
  readonly #surplus: (count: number) => void;
  readonly #now: () => number;
  readonly #running = new Map<Worker, number>();
  readonly #turns: Turns;
  #total = 0;
  #threads = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Run time of all tasks until the last look, in ms. */
  #busyTime = 0;
  /** Jobs done since the last look, and the time that those took of which the Balancer does not know it, in ms. */
  #done = 0;
  #unknownTime = 0;
  /** Run time of a job, in ms; before the first one it counts as long. */
  #mean = Number.POSITIVE_INFINITY;
  #cautiousUntil = Number.NEGATIVE_INFINITY;
  #aloneUntil = Number.NEGATIVE_INFINITY;
  #isLeaving = false;
  #isUnable = false;
  #watch: NodeJS.Timeout | undefined;
  /** Each ends a rest. */
  readonly #wake = new Set<() => void>();

  /** @param surplus told of jobs that are here and should be at other machines, as far as they have not begun */
  constructor(
    balancer: Pick<Balancer, 'stats'>,
    share: number,
    surplus: (count: number) => void,
    now = () => performance.now(),
  ) {
    this.#balancer = balancer;
    this.#share = share;
    this.#surplus = surplus;
    this.#now = now;
    this.#turns = new Turns(() => this.#average);
  }

  get threads(): number {
    this.#look();
    return this.#threads;
  }

  /**
   * What a chunk may use of the machine. Where this takes a part of what it could, as many chunks as it takes
   * have one thread each.
   */
  get useOfChunk(): { readonly threads: number; readonly isPart: boolean } {
    const isPart = this.#share < 1;
    return { threads: isPart ? 1 : this.threads, isPart };
  }

  get limit(): number {
    const { threads } = this;
    if (this.#share === 0) return 0;
    if (this.#isUnable || this.#lookedAt < this.#aloneUntil) return 1;
    const isCautious = this.#lookedAt < this.#cautiousUntil;
    const short = isCautious ? 0 : Math.min(MOST_AHEAD, AHEAD_MS / this.#mean);
    if (this.#share >= 1)
      return Math.round((threads + Math.max(1, Math.floor(threads * short))) * this.#share);
    const average = this.#average;
    // Less than a thread: a long job ahead would wait here while another machine is idle.
    if (average < 1) return 1 + Math.floor(average * short);
    return Math.round(average) + Math.max(1, Math.floor(average * short));
  }

  /** Jobs that run at a time, on average, where that is a part of what the threads could. */
  get #average(): number {
    const average = Math.max(1, this.threads) * this.#share;
    const whole = Math.round(average);
    return Math.abs(average - whole) < NEAR && whole > 0 ? whole : average;
  }

  /** Runs a job: of a share, when it is one of those that may; the others are ahead. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    return this.#share < 1 ? this.#turns.take(run) : run();
  }

  /**
   * With less than a thread: resolves when the next job may begin, so that no job comes before, and waits here
   * while another machine is idle. `undefined`: it may begin now.
   */
  rest(): Promise<void> | undefined {
    if (this.#isLeaving) return undefined;
    if (this.#isUnable) return this.#restFor(UNABLE_MS);
    if (this.#share >= 1 || this.#average >= 1) return undefined;
    const { pause } = this.#turns;
    return pause === 0 ? undefined : this.#restFor(pause);
  }

  /** Nothing further is taken: what rests ends. */
  leave(): void {
    this.#isLeaving = true;
    clearTimeout(this.#watch);
    for (const wake of this.#wake) wake();
  }

  /** Whether the Balancer can run nothing. Then jobs are only tried, now and then: each would go to others later. */
  setUnable(isUnable: boolean): void {
    if (isUnable === this.#isUnable) return;
    this.#isUnable = isUnable;
    this.adjust();
  }

  /** Jobs that are here. */
  get running(): number {
    return this.#total;
  }

  add(worker: Worker): void {
    this.#running.set(worker, 0);
    this.adjust();
  }

  /** A job has been taken (1), or let go (-1). */
  changed(worker: Worker, by: 1 | -1): void {
    this.#running.set(worker, (this.#running.get(worker) ?? 0) + by);
    this.#total += by;
    this.adjust();
    if (this.#watch === undefined && this.#isMuchAhead) this.#watchAhead();
  }

  /**
   * A job has run; not: has been left to others, or cancelled, which says nothing of how long jobs take.
   * @param ms its time, if the Balancer does not know it, since it ended its thread
   */
  ran(ms: number): void {
    this.#done++;
    this.#unknownTime += ms;
  }

  /**
   * A job has come that was lost before, and may be the reason, or that is not to be lost at all.
   * @param alone it was lost so often that nothing else shall be lost with it
   */
  beCautious(alone: boolean): void {
    const now = this.#now();
    const wasCautious = this.#lookedAt < (alone ? this.#aloneUntil : this.#cautiousUntil);
    this.#cautiousUntil = now + CAUTIOUS_MS;
    if (alone) this.#aloneUntil = now + ALONE_MS;
    if (!wasCautious) this.adjust();
  }

  /**
   * Gives each queue what the others leave of the limit. At least one, since BullMQ knows no less: where all
   * are in use, each further module adds one.
   */
  adjust(): void {
    const { limit } = this;
    for (const [worker, running] of this.#running) {
      const concurrency = Math.max(1, limit - (this.#total - running));
      if (worker.concurrency !== concurrency) worker.concurrency = concurrency;
    }
  }

  /** Where jobs are long there would be less; one for each module may come beyond any limit. */
  get #isMuchAhead(): boolean {
    const most = this.#threads * Math.min(1, this.#share) + this.#running.size;
    return this.#total > most && !this.#isLeaving;
  }

  /** What is ahead since jobs were short goes back if they are not: no job that ends may tell of it. */
  #watchAhead(): void {
    this.#watch = setTimeout(() => {
      this.#watch = undefined;
      this.adjust();
      const surplus = this.#total - this.limit - (this.#running.size - 1);
      // That says nothing of how long jobs take.
      const isOne = this.#isUnable || this.#lookedAt < this.#aloneUntil;
      if (surplus > 0 && !isOne) this.#leave(surplus);
      if (this.#isMuchAhead) this.#watchAhead();
    }, LOOK_MS);
  }

  #leave(surplus: number): void {
    const left = surplus - this.#turns.giveUp(surplus, GIVEN_BACK);
    if (left > 0) this.#surplus(left);
  }

  #restFor(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wake.add(wake);
    });
  }

  #look(): void {
    const now = this.#now();
    const passed = now - this.#lookedAt;
    if (passed < LOOK_MS) return;
    this.#lookedAt = now;
    const { workers, busyTime } = this.#balancer.stats();
    this.#threads = workers.length;
    const busy = busyTime - this.#busyTime + this.#unknownTime;
    this.#busyTime = busyTime;
    this.#unknownTime = 0;
    // Where none was done, those that are here take longer than that; an idle machine learns nothing.
    const mean = this.#done > 0 ? busy / this.#done : this.#total > 0 ? passed : this.#mean;
    this.#done = 0;
    const isFirst = this.#mean === Number.POSITIVE_INFINITY;
    this.#mean = isFirst || mean > this.#mean ? mean : mean + (this.#mean - mean) * OLDER;
  }
}
