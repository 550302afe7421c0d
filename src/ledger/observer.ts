/**
 * What an observer of a Balancer is told. Nothing here knows who listens: channels, histograms, traces.
 *
 * Times are ms of `performance.now()` in the thread of the Balancer.
 */
import type { RequestOutcome } from './outcome.js';

/** A request, as far as observers see it. */
export interface ObservedRequest {
  /** Unique among the unsettled requests of a Balancer. Of several items: that of the first one. */
  readonly id: number;
  readonly task: ObservedTask;
  readonly priority: number;
  /** How many items of a `map` travel in it; 1 for any other. */
  readonly items: number;
  /** When it was submitted; `undefined`: nobody observed the Balancer then. */
  readonly queuedAt: number | undefined;
  /** The worker that has it; `undefined`: none, or that is not known before `ran`. */
  readonly worker: ObservedWorker | undefined;
  /** When its run has started; `undefined`: it does not run, or that is not known before `ran`. */
  readonly startedAt: number | undefined;
}

export interface ObservedTask {
  /** Unique within the Balancer. */
  readonly id: number;
  /** The function's name, or `file.js#export`. */
  readonly name: string;
}

export interface ObservedWorker {
  readonly id: number;
}

/** A run of a request, which has ended. One object for all of them: take out of it what is needed later. */
export interface ObservedRun {
  /** Not before `queuedAt`. */
  readonly startedAt: number;
  /** In ms. */
  readonly runTime: number;
  /** Items that were run: those of a request that travels alone are 1. */
  readonly completed: number;
  /** How many of them have failed. */
  readonly failed: number;
  /** Run time of each item of a chunk, in ms; `undefined`: it was no chunk. */
  readonly itemTimes: Float32Array | undefined;
}

/** What a promise is rejected with: an error as a rule. */
export interface Thrown {
  readonly error: unknown;
}

/**
 * Is told what happens, in the middle of it. Its methods must be quick, must not throw, and must not call the
 * Balancer.
 */
export interface Observer {
  /** A request was submitted: it is queued next, or refused. */
  submitted(request: ObservedRequest): void;
  /**
   * A thread has run it to its end, or has died running it. `settled` comes next, unless it has come before,
   * since the caller had given the request up. A request with `retries` runs again after a crash.
   */
  ran(request: ObservedRequest, worker: ObservedWorker, run: ObservedRun): void;
  /**
   * Its promise is settled. Of a chunk: it is over; items have outcomes of their own.
   * @param thrown what its caller gets instead of a result; `undefined`: there is none
   */
  settled(request: ObservedRequest, outcome: RequestOutcome, thrown: Thrown | undefined): void;
  /** A worker gets requests from now on. */
  workerStarted(worker: { readonly id: number; readonly label: string }): void;
  /** A thread has ended. `expected`: the Balancer ended it. */
  workerEnded(worker: {
    readonly id: number;
    readonly exitCode: number | undefined;
    readonly cause: unknown;
    readonly expected: boolean;
  }): void;
  /** A worker was taken out as broken. */
  workerEjected(worker: { readonly id: number; readonly reason: string }): void;
  /** A request was refused since that many wait. */
  queueFull(queue: { readonly maxQueue: number; readonly waiting: number }): void;
}

/** Does nothing. Observers override what they want to know. */
export class IdleObserver implements Observer {
  submitted(_request: ObservedRequest): void {}
  ran(_request: ObservedRequest, _worker: ObservedWorker, _run: ObservedRun): void {}
  settled(_request: ObservedRequest, _outcome: RequestOutcome, _thrown: Thrown | undefined): void {}
  workerStarted(_worker: Parameters<Observer['workerStarted']>[0]): void {}
  workerEnded(_worker: Parameters<Observer['workerEnded']>[0]): void {}
  workerEjected(_worker: Parameters<Observer['workerEjected']>[0]): void {}
  queueFull(_queue: Parameters<Observer['queueFull']>[0]): void {}
}
