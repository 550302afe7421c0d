/**
 * The last step of a request: its caller is told. Not always at once: what is completed while the caller submits in a long burst can be
 * held back, so that a loop of `then(submit)` leaves the microtasks and the event loop turns.
 */
import type { ResultMessage } from '../protocol/messages.js';
import type { Request } from './request.js';

/** A completion that has been taken and not yet told to the caller. */
interface Completion {
  readonly request: Request;
  readonly value: unknown;
  readonly message: ResultMessage | undefined;
}

export class Settlement {
  /** Whether completions are held back from now on, until `settleHeld`. */
  holdsBack = false;
  #held: Completion[] = [];

  /** Whether some are held back. */
  get hasHeld(): boolean {
    return this.#held.length > 0;
  }

  /** A request is completed: with the message where there is one, else with the value. */
  settle(request: Request, value: unknown, message: ResultMessage | undefined): void {
    if (this.holdsBack) this.#held.push({ request, value, message });
    else settle(request, value, message);
  }

  /** Tells what has been held back, in order. */
  settleHeld(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const { request, value, message } of held) settle(request, value, message);
  }
}

function settle(request: Request, value: unknown, message: ResultMessage | undefined): void {
  if (message === undefined) request.resolve(value);
  else if (message.failure === undefined) request.resolve(message.value);
  else request.fail(message.failure);
}
