/**
 * How soon another machine may take a job whose task this one does not serve, as while machines of several
 * versions run. Whoever waits for jobs is given the next one in turn; so the first round goes fast, and ends at a
 * machine that serves it, unless all of those are busy. Then, and where none serves it, a job that went round
 * fast would keep the engine, and machines that are idle, busy for nothing.
 */
import { performance } from '../protocol/clock.js';
import type { Entry } from './directory-entry.js';

/** Where no machine serves it, or all that do have long been busy, in ms. */
const LONG_MS = 500;
/** Jobs that are left for a shorter time, in a second. */
const MOST_SHORT = 100;
/** Between two looks for machines, in ms. */
const LOOK_MS = 1_000;

export class LeaveDelay {
  readonly #self: string;
  readonly #machines: () => Promise<readonly Entry[]>;
  readonly #now: () => number;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #look: Promise<readonly Entry[]> | undefined;
  /** When the present second began, and jobs that were left for a short time since. */
  #since = Number.NEGATIVE_INFINITY;
  #short = 0;

  /**
   * @param self the machine's id
   * @param machines those that are alive
   */
  constructor(self: string, machines: () => Promise<readonly Entry[]>, now = () => performance.now()) {
    this.#self = self;
    this.#machines = machines;
    this.#now = now;
  }

  /**
   * In ms; above 0.
   * @param task its name
   * @param visits machines that have been given the job, this one included
   */
  async of(task: string, visits: number): Promise<number> {
    const machines = await this.#known();
    if (!machines.some(({ id, tasks }) => id !== this.#self && tasks.includes(task))) return LONG_MS;
    const ms = Math.min(LONG_MS, 2 ** Math.max(0, visits - machines.length));
    return ms < LONG_MS && this.#mayBeShort() ? ms : LONG_MS;
  }

  async #known(): Promise<readonly Entry[]> {
    const now = this.#now();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#lookedAt = now;
      // An engine that does not tell has other troubles.
      this.#look = this.#machines().catch(() => []);
    }
    return (await this.#look) ?? [];
  }

  #mayBeShort(): boolean {
    const now = this.#now();
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#short = 0;
    }
    return ++this.#short <= MOST_SHORT;
  }
}
