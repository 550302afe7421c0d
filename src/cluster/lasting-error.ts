/** An error that has come again and again for a while, and of which it is not known that it is over. */
import { performance } from '../protocol/clock.js';

/** One that has not come again for so many locks … */
const KNOWN_LOCKS = 4;
/** … and this time, in ms, is over: after a refusal BullMQ does not look for lost jobs for 5 s. */
const KNOWN_MS = 6_000;

export class LastingError {
  /** By the monotonic clock; `at`: the last time. */
  #spell: { readonly since: number; readonly at: number; readonly error: Error } | undefined;

  /** It has come, or come again. */
  came(error: Error): void {
    const at = performance.now();
    const { since = at } = this.#spell ?? {};
    this.#spell = { since, at, error };
  }

  /** What it was about has succeeded. */
  over(): void {
    this.#spell = undefined;
  }

  /** That of the last time, if it has come for the time of a lock, or longer. */
  lasting(lockDuration: number): Error | undefined {
    if (this.#spell === undefined) return undefined;
    const { since, at, error } = this.#spell;
    if (performance.now() - at > KNOWN_LOCKS * lockDuration + KNOWN_MS) this.over();
    return at - since >= lockDuration ? error : undefined;
  }
}
