/** An engine that says nothing: no answer, and no error either. */
import { clearInterval, setInterval } from '../protocol/timers.js';

/** Looks in the time after which it counts as silent: one alone may come late, where the main thread was busy. */
const LOOKS = 4;
/** Longest time of a timer, in ms. */
const MOST_MS = 2 ** 31 - 1;

export class Silence {
  readonly #ms: number;
  readonly #tell: () => void;
  #looks: NodeJS.Timeout | undefined;
  #isSilent = false;

  /**
   * @param ms time without an answer after which the engine is silent; `Infinity`: it never is
   * @param tell called then, and after each further such time
   */
  constructor(ms: number, tell: () => void) {
    this.#ms = ms;
    this.#tell = tell;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Watches while the engine is asked for something; one at a time. Settles as that does. */
  async during<T>(asked: Promise<T>): Promise<T> {
    this.#begin();
    try {
      return await asked;
    } finally {
      this.stop();
    }
  }

  stop(): void {
    clearInterval(this.#looks);
    this.#isSilent = false;
  }

  #begin(): void {
    if (this.#ms === Number.POSITIVE_INFINITY) return;
    let looks = 0;
    this.#looks = setInterval(
      () => {
        if (++looks % LOOKS !== 0) return;
        this.#isSilent = true;
        this.#tell();
      },
      Math.min(this.#ms / LOOKS, MOST_MS),
    );
  }
}
