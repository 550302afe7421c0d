/**
 * Runs so many things at a time, on average; the others wait, in their order. Of 1.5, one runs all the time,
 * and a further one for half of it: its credit grows by that part of the time, and shrinks while it runs.
 */
import { performance } from '../protocol/clock.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';

/** Credit that is kept while there is nothing to run, in ms. */
const MOST_CREDIT_MS = 25;
/** Longest pause where less than one runs: what waits here does not wait for another machine, in ms. */
const MOST_PAUSE_MS = 1_000;

/** Of this process, unless a test has another. */
export interface Time {
  /** In ms. */
  now(): number;
  after(ms: number, callback: () => void): NodeJS.Timeout;
}

const TIME: Time = {
  now: () => performance.now(),
  after: (ms, callback) => setTimeout(callback, ms),
};

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

export class Turns {
  readonly #average: () => number;
  readonly #time: Time;
  #running = 0;
  readonly #waiting: Waiting[] = [];
  /** Of the further one, in ms of run time; below 0 it pauses. */
  #credit = 0;
  #creditAt: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param average may change */
  constructor(average: () => number, time = TIME) {
    this.#average = average;
    this.#time = time;
    this.#creditAt = time.now();
  }

  async take<T>(run: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#mayBegin())
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
        this.#next();
      });
    else this.#running++;
    try {
      return await run();
    } finally {
      this.#count();
      this.#running--;
      this.#next();
    }
  }

  /** Ends the wait of those that came last. @returns how many these are: so many, or as many as there were */
  giveUp(count: number, error: Error): number {
    const ended = this.#waiting.splice(Math.max(0, this.#waiting.length - count));
    for (const { reject } of ended) reject(error);
    return ended.length;
  }

  /** Time until something may begin, in ms; 0: at once, or as soon as something else has ended. */
  get pause(): number {
    this.#count();
    const average = this.#average();
    const whole = Math.floor(average);
    if (this.#running !== whole || average === whole || this.#credit >= 0) return 0;
    return Math.ceil(-this.#credit / (average - whole));
  }

  #mayBegin(): boolean {
    this.#count();
    const average = this.#average();
    return this.#running < Math.floor(average) || (this.#running < average && this.#credit >= 0);
  }

  /** Must be called before what it depends on changes. */
  #count(): void {
    const now = this.#time.now();
    const passed = now - this.#creditAt;
    this.#creditAt = now;
    const average = this.#average();
    const whole = Math.floor(average);
    const part = average - whole;
    const isFurther = this.#running > whole;
    const credit = this.#credit + passed * (part - (isFurther ? 1 : 0));
    const least = whole === 0 && !isFurther ? -MOST_PAUSE_MS * part : Number.NEGATIVE_INFINITY;
    this.#credit = part === 0 ? 0 : Math.max(least, Math.min(MOST_CREDIT_MS, credit));
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#mayBegin()) {
      this.#running++;
      this.#waiting.shift()?.resolve();
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Otherwise it may begin when something else has ended.
    if (this.#waiting.length > 0 && this.#running < this.#average())
      this.#timer = this.#time.after(Math.max(1, this.pause), () => this.#next());
  }
}
