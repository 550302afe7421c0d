/** Forwards aborts of signals among the arguments to the thread that has the request. */

import { encodeFailure, type Failure } from '../errors/failure.js';
import type { SignalPlace } from '../protocol/messages.js';
import { listenToAbort, unlistenToAbort } from '../requests/abort-listeners.js';
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
      listenToAbort(signal, listener);
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
    for (const [i, { signal }] of forward.signals.entries()) {
      unlistenToAbort(signal, forward.listeners[i] as () => void);
    }
  }

  stopAll(): void {
    for (const request of [...this.#byRequest.keys()]) this.stop(request);
  }

  /** Puts the signals back to their places in a request's arguments and context. */
  restore(request: number, whole: object): void {
    for (const { paths, signal } of this.#byRequest.get(request)?.signals ?? []) putAt(whole, paths, signal);
  }
}
