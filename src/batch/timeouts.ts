/**
 * Detects items that run too long. Threads note the running line in shared memory, and a timer compares: an
 * item's clock starts when the timer first sees it, up to a tenth of the timeout late.
 */
import { performance } from '../protocol/clock.js';
import { afterMessages } from '../protocol/deadline.js';
import { clearInterval, setInterval } from '../protocol/timers.js';
import { field } from './layout.js';

interface Watched {
  readonly header: Int32Array;
  readonly expire: () => void;
  item: number;
  since: number;
}

const LEAST_PACE_MS = 5;
const MOST_PACE_MS = 1_000;

export class Timeouts {
  readonly #timeout: number;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** @param timeout in ms; 0: none */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** @returns a function that ends the watch */
  watch(header: Int32Array, expire: () => void): () => void {
    if (this.#timeout === 0) return () => {};
    const watched: Watched = { header, expire, item: -1, since: 0 };
    this.#watched.add(watched);
    const pace = Math.min(Math.max(this.#timeout / 10, LEAST_PACE_MS), MOST_PACE_MS);
    this.#timer ??= setInterval(() => this.#look(performance.now()), pace);
    return () => {
      this.#watched.delete(watched);
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #look(now: number): void {
    for (const watched of this.#watched) {
      const item = Atomics.load(watched.header, field.item);
      if (item !== watched.item) {
        watched.item = item;
        watched.since = now;
      } else if (item >= 0 && now - watched.since >= this.#timeout) {
        afterMessages(() => this.#judge(watched));
      }
    }
  }

  /** A thread that has ended is no longer watched, and one that was late runs another item by now. */
  #judge(watched: Watched): void {
    if (this.#watched.has(watched) && Atomics.load(watched.header, field.item) === watched.item)
      watched.expire();
  }
}
