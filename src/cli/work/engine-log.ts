/** What the log says of an engine that does not answer: each message once, then at growing intervals how often. */
import type { Log } from './log.js';

const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 600_000;
/** Messages that are told of one trouble, at once. Some have numbers in them, and differ each time. */
const MOST_MESSAGES = 10;

/** Every connection of a machine tries again, each at least once a second: that would be a log of nothing else. */
export class EngineLog {
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #now: () => number;
  readonly #told = new Set<string>();
  /** Errors of this trouble. */
  #errors = 0;
  /** Those of them that no line has counted. */
  #repeated = 0;
  #pause = FIRST_PAUSE_MS;
  #toldAt = 0;

  /** @param now the time, in ms from anywhere */
  constructor(log: Pick<Log, 'info' | 'warn'>, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  failed(error: Error): void {
    // Where Node has tried several addresses, there is no message of its own.
    const message = error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
    const now = this.#now();
    const isNew = !this.#told.has(message) && this.#told.size < MOST_MESSAGES;
    const isDue = this.#errors > 0 && now - this.#toldAt >= this.#pause;
    this.#errors++;
    if (!isNew && !isDue) {
      this.#repeated++;
      return;
    }
    this.#told.add(message);
    if (isDue) this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    this.#toldAt = now;
    this.#log.warn('engine', { error: message, ...(this.#repeated > 0 && { repeated: this.#repeated }) });
    this.#repeated = 0;
  }

  answersAgain(): void {
    if (this.#errors === 0) return;
    this.#log.info('the engine answers again', { errors: this.#errors });
    this.#told.clear();
    this.#errors = 0;
    this.#repeated = 0;
    this.#pause = FIRST_PAUSE_MS;
  }
}
