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

  /** Settles deferred requests, in order. @param most how many at most @returns how many */
  settleDeferred(most = Number.POSITIVE_INFINITY): number {
    if (this.#deferred.length === 0) return 0;
    const deferred = this.#deferred;
    this.#deferred = deferred.length > most ? deferred.splice(most) : [];
    for (const { request, value, message } of deferred) settle(request, value, message);
    return deferred.length;
  }
}

function settle(request: Request, value: unknown, message: ResultMessage | undefined): void {
  if (message === undefined) request.resolve(value);
  else if (message.failure === undefined) request.resolve(message.value);
  else request.fail(message.failure);
}
