/** The thread's side of AbortSignals among the arguments: see `src/values/abort-signals.ts`. */

import { decodeFailure, type Failure } from '../../src/errors/failure.js';
import type { ArgumentsMessage } from '../../src/protocol/messages.js';
import { isBehind } from '../../src/protocol/positions.js';
import { putAt } from '../../src/values/abort-signals.js';

interface Abort {
  readonly sending: number;
  readonly index: number;
  readonly reason: Failure;
}

export class ArgumentSignals {
  /** Aborts of signals whose arguments have not been read yet. */
  #early: Abort[] = [];
  /** The message that brought the running request's signals, or the last one before. */
  #sending = 0;
  #controllers: readonly AbortController[] = [];

  /** A request starts with these arguments: puts its signals in their places. */
  begin(message: ArgumentsMessage): void {
    const { sending, signals } = message;
    this.#sending = sending;
    if (signals !== undefined) {
      this.#controllers = signals.map(({ paths, reason }) => {
        const controller = new AbortController();
        if (reason !== undefined) controller.abort(decodeFailure(reason));
        putAt(message, paths, controller.signal);
        return controller;
      });
    }
    if (this.#early.length === 0) return;
    const early = this.#early;
    // Aborts for requests that were taken back are dropped.
    this.#early = early.filter((abort) => isBehind(sending, abort.sending));
    for (const abort of early) if (abort.sending === sending) this.#abort(abort);
  }

  abort(abort: Abort): void {
    if (abort.sending === this.#sending) this.#abort(abort);
    else if (isBehind(this.#sending, abort.sending)) this.#early.push(abort);
  }

  /** The running request is over. */
  end(): void {
    if (this.#controllers.length > 0) this.#controllers = [];
  }

  /** These requests were taken back. */
  drop(sendings: readonly number[]): void {
    if (this.#early.length === 0) return;
    const dropped = new Set(sendings);
    this.#early = this.#early.filter(({ sending }) => !dropped.has(sending));
  }

  #abort({ index, reason }: Abort): void {
    this.#controllers[index]?.abort(decodeFailure(reason));
  }
}
