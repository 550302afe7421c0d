/** The thread's side of AbortSignals among the arguments: see `src/abort-signals.ts`. */
import { putAt } from '../src/abort-signals.js';
import { decodeFailure, type Failure } from '../src/failure.js';
import type { ArgumentsMessage } from '../src/protocol.js';

export class ArgumentSignals {
  /** By the number of the message that brought the arguments. */
  readonly #controllers = new Map<number, readonly AbortController[]>();

  /** Arguments have arrived. From now on aborts are heard, also before the request starts. */
  expect({ sending, signals }: ArgumentsMessage): void {
    if (signals === undefined) return;
    const controllers = signals.map(({ reason }) => {
      const controller = new AbortController();
      if (reason !== undefined) controller.abort(decodeFailure(reason));
      return controller;
    });
    this.#controllers.set(sending, controllers);
  }

  /** The request starts: puts its signals to their places. */
  place({ sending, signals, values }: ArgumentsMessage): void {
    const controllers = this.#controllers.get(sending);
    for (const [i, { path }] of signals?.entries() ?? []) putAt(values, path, controllers?.[i]?.signal);
  }

  abort(sending: number, index: number, reason: Failure): void {
    this.#controllers.get(sending)?.[index]?.abort(decodeFailure(reason));
  }

  /** The requests are over, or elsewhere. */
  drop(sendings: readonly number[]): void {
    if (this.#controllers.size === 0) return;
    for (const sending of sendings) this.#controllers.delete(sending);
  }
}
