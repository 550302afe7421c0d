/**
 * The last step of a request: its promise is settled. Not always at once: settling can be deferred while the
 * caller submits in a long burst, so that a loop of `then(submit)` leaves the microtasks and the event loop
 * turns.
 */
import type { ResultMessage } from '../protocol/messages.js';
import type { Request } from './request.js';

/** A completion that has been read and whose request is not settled yet. */
interface Completion {
  readonly request: Request;
  readonly value: unknown;
  readonly message: ResultMessage | undefined;
}

export class Settlement {
  /** Whether settling is deferred from now on, until `settleDeferred`. */
  defers = false;
  #deferred: Completion[] = [];

  get hasDeferred(): boolean {
    return this.#deferred.length > 0;
  }

  /** How many items of completed requests are not settled: those whose settling is deferred. */
  get unsettled(): number {
    let unsettled = 0;
    for (const { request } of this.#deferred) unsettled += request.unsettled;
    return unsettled;
  }

  /** A request is completed: with the message if there is one, else with the value. */
  settle(request: Request, value: unknown, message: ResultMessage | undefined): void {
    if (this.defers) this.#deferred.push({ request, value, message });
    else settle(request, value, message);
  }

  /** Settles the deferred requests, in order. */
  settleDeferred(): void {
    if (this.#deferred.length === 0) return;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const { request, value, message } of deferred) settle(request, value, message);
  }
}

function settle(request: Request, value: unknown, message: ResultMessage | undefined): void {
  if (message === undefined) request.resolve(value);
  else if (message.failure === undefined) request.resolve(message.value);
  else request.fail(message.failure);
}
