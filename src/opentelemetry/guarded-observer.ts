/**
 * An observer that calls an SDK, and with it code of the program: span processors, samplers, propagators,
 * exporters. One that throws must cost neither a request nor its promise: as OpenTelemetry demands of
 * libraries, the error goes to its `diag`, and the request goes on.
 */
import type { ObservedRequest, ObservedRun, ObservedWorker, Thrown } from '../ledger/observer.js';
import { IdleObserver } from '../ledger/observer.js';
import type { RequestOutcome } from '../ledger/outcome.js';
import type { Observation } from '../stats/observation.js';
import type { Api } from './api.js';

/** Calls an SDK from the middle of our own work. Never throws. */
export type CallSdk = (callback: () => void) => void;

export function callSdk({ diag }: Api, observation: Observation): CallSdk {
  let next = (): void => {};
  // One function for all calls: one more for each would be garbage a moment later.
  const guarded = (): void => {
    try {
      next();
    } catch (error) {
      diag.error('leastwork: the OpenTelemetry SDK has thrown', error);
    }
  };
  return (callback) => {
    next = callback;
    // A logger of `diag` is code of the program, too.
    observation.call(guarded);
  };
}

export class GuardedObserver extends IdleObserver {
  readonly #observer: IdleObserver;
  readonly #call: CallSdk;

  constructor(observer: IdleObserver, call: CallSdk) {
    super();
    this.#observer = observer;
    this.#call = call;
  }

  override submitted(request: ObservedRequest): void {
    this.#call(() => this.#observer.submitted(request));
  }

  override ran(request: ObservedRequest, worker: ObservedWorker, run: ObservedRun): void {
    this.#call(() => this.#observer.ran(request, worker, run));
  }

  override settled(request: ObservedRequest, outcome: RequestOutcome, thrown: Thrown | undefined): void {
    this.#call(() => this.#observer.settled(request, outcome, thrown));
  }
}
