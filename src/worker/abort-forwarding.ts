/** Forwards aborts of signals among the arguments to the thread that has the request. */

import { encodeFailure, type Failure } from '../errors/failure.js';
import type { SignalPlace } from '../protocol/messages.js';
import { type FoundSignal, putAt } from '../values/abort-signals.js';

interface Forward {
  readonly signals: readonly FoundSignal[];
  readonly listeners: readonly (() => void)[];
}

/** For the requests of one thread. */
export class AbortForwarding {
  readonly #tell: (sending: number, index: number, reason: Failure) => void;
  readonly #byRequest = new Map<number, Forward>();

  /** @param tell tells the thread that a signal is aborted */
  constructor(tell: (sending: number, index: number, reason: Failure) => void) {
    this.#tell = tell;
  }

  /** Listens to the signals of a request until `stop`. */
  start(request: number, sending: number, signals: readonly FoundSignal[]): SignalPlace[] {
    this.stop(request);
    const listeners = signals.map(({ signal }, index) => {
      const listener = (): void => this.#tell(sending, index, encodeFailure(signal.reason));
      listen(signal, listener);
      return listener;
    });
    this.#byRequest.set(request, { signals, listeners });
    return signals.map(({ paths, signal }) => ({
      paths,
      reason: signal.aborted ? encodeFailure(signal.reason) : undefined,
    }));
  }

  /** The request is over, or has been taken back from the thread. */
  stop(request: number): void {
    const forward = this.#byRequest.get(request);
    if (forward === undefined) return;
    this.#byRequest.delete(request);
    for (const [i, { signal }] of forward.signals.entries()) unlisten(signal, forward.listeners[i]);
  }

  stopAll(): void {
    for (const request of [...this.#byRequest.keys()]) this.stop(request);
  }

  /** Puts the signals back to their places in a request's arguments and context. */
  restore(request: number, whole: object): void {
    for (const { paths, signal } of this.#byRequest.get(request)?.signals ?? []) putAt(whole, paths, signal);
  }
}

type Listener = () => void;

/**
 * One listener for each signal, however many requests have it: with more than ten Node would warn of a leak.
 */
const bySignal = new WeakMap<AbortSignal, Set<Listener>>();

function listen(signal: AbortSignal, listener: Listener): void {
  let listeners = bySignal.get(signal);
  if (listeners === undefined) {
    listeners = new Set();
    bySignal.set(signal, listeners);
  }
  if (listeners.size === 0) signal.addEventListener('abort', aborted);
  listeners.add(listener);
}

function unlisten(signal: AbortSignal, listener: Listener | undefined): void {
  const listeners = bySignal.get(signal);
  if (listeners === undefined || listener === undefined || !listeners.delete(listener)) return;
  if (listeners.size === 0) signal.removeEventListener('abort', aborted);
}

function aborted(event: Event): void {
  for (const listener of [...(bySignal.get(event.target as AbortSignal) ?? [])]) listener();
}
