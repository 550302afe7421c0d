/**
 * The time that a thread has for something. A busy main thread sees its timers first, and only then what its
 * threads have said meanwhile: that they are done with it, or have ended. So nobody is judged before all that
 * has arrived is received: the call comes one turn of the event loop after the timer.
 */
import { clearTimeout, setImmediate, setTimeout } from './timers.js';

/** Calls back when all messages that have arrived are received. */
export function afterMessages(call: () => void): void {
  setImmediate(call);
}

export class Deadline {
  readonly #timer: NodeJS.Timeout;
  #isOff = false;

  /**
   * Does not keep the process alive.
   * @param over called when the time is over, unless `clear` has been called
   * @param ms at most 2^31 - 1
   */
  constructor(over: () => void, ms: number) {
    const judge = (): void => {
      if (!this.#isOff) over();
    };
    this.#timer = setTimeout(() => afterMessages(judge), ms).unref();
  }

  /** The time begins anew. To be called when it is over. */
  refresh(): void {
    this.#timer.refresh();
  }

  clear(): void {
    this.#isOff = true;
    clearTimeout(this.#timer);
  }
}
