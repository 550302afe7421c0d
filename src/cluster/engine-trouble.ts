/** Whether the engine is well, by its errors and its answers. */
import { performance } from '../protocol/clock.js';

/** Without an error of the engine: then it is well again, in ms. */
const QUIET_MS = 2_000;

export interface EngineTroubleEvents {
  failed(error: Error): void;
  /** After one or more errors: it answers, and there has been none for two seconds. */
  back(): void;
}

export class EngineTrouble {
  readonly #events: EngineTroubleEvents;
  #last: Error | undefined;
  /** When that was, until the engine is well again. */
  #at: number | undefined;

  constructor(events: EngineTroubleEvents) {
    this.#events = events;
  }

  /** The last error there was. */
  get last(): Error | undefined {
    return this.#last;
  }

  readonly failed = (error: Error): void => {
    this.#last = error;
    this.#at = performance.now();
    this.#events.failed(error);
  };

  /** The engine has done what it was asked. */
  answered(): void {
    if (this.#at === undefined || performance.now() - this.#at < QUIET_MS) return;
    this.#at = undefined;
    this.#events.back();
  }
}
