/**
 * When a worker is replaced: `maxRequestsPerWorker` and `maxHeapPerWorker`. The first one is exact, since the
 * main thread sends no more requests than that to a thread. So that no time is lost, a successor is started
 * so much earlier as a thread takes to come up.
 */
import type { Worker } from '../worker/worker.js';

/** Least time over which a rate is measured, in ms. */
const LEAST_SPAN_MS = 5;
/** Weight of the last start in the mean time that a thread takes to come up. */
const NEWEST_WEIGHT = 0.25;
/** That time, before any thread has come up, in ms. */
const USUAL_START_MS = 50;

/** Progress of a worker at some time, and its rate before that. */
interface Mark {
  at: number;
  completed: number;
  /** Requests in a ms. */
  rate: number;
}

export class UsageLimits {
  readonly #maxRequests: number;
  readonly #maxHeap: number;
  readonly #marks = new WeakMap<Worker, Mark>();
  #startTime = USUAL_START_MS;

  /** @param maxRequests `Infinity`: no limit @param maxHeap in bytes; `Infinity`: no limit */
  constructor(maxRequests: number, maxHeap: number) {
    this.#maxRequests = maxRequests;
    this.#maxHeap = maxHeap;
  }

  get areSet(): boolean {
    return this.#maxRequests !== Number.POSITIVE_INFINITY || this.#maxHeap !== Number.POSITIVE_INFINITY;
  }

  /** How long a thread takes to come up, in ms. */
  get startTime(): number {
    return this.#startTime;
  }

  /** A thread has taken that long to come up, in ms. */
  noteStart(time: number): void {
    this.#startTime += (time - this.#startTime) * NEWEST_WEIGHT;
  }

  /** Whether the worker has completed all requests that it may. */
  isSpent(worker: Worker): boolean {
    return worker.completed >= this.#maxRequests;
  }

  isTooLarge(worker: Worker): boolean {
    return worker.vitalSigns.heapUsed > this.#maxHeap;
  }

  /** Whether a successor that is up should take its place now. */
  isOver(worker: Worker): boolean {
    return this.isSpent(worker) || this.isTooLarge(worker);
  }

  /**
   * Whether a successor should be started at `now`, in ms. To be asked whenever the worker has progressed.
   */
  isNear(worker: Worker, now: number): boolean {
    if (worker.status.allowance <= 0 || this.isTooLarge(worker)) return true;
    if (this.#maxRequests === Number.POSITIVE_INFINITY) return false;
    const rest = this.#maxRequests - worker.completed;
    return rest <= this.#rateOf(worker, now) * this.#startTime;
  }

  /** Requests that it completes in a ms, lately. 0 before that is known. */
  #rateOf(worker: Worker, now: number): number {
    const { completed } = worker;
    const mark = this.#marks.get(worker);
    if (mark === undefined) {
      this.#marks.set(worker, { at: now, completed, rate: 0 });
      return 0;
    }
    const span = now - mark.at;
    if (span >= LEAST_SPAN_MS) {
      mark.rate = (completed - mark.completed) / span;
      mark.at = now;
      mark.completed = completed;
    }
    return mark.rate;
  }
}
