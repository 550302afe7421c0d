/** The limit of the queue: refuses requests beyond it, and tells producers when there is space again. */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { QueueFullError } from '../errors/errors.js';

export class Backpressure {
  readonly #dispatcher: Dispatcher;
  readonly #most: number;
  readonly #onSpace: () => void;
  #waiting: (() => void)[] = [];
  #hasRefused = false;

  /**
   * @param most how many requests may wait
   * @param onSpace called when there is space again after a request was refused, or somebody waited
   */
  constructor(dispatcher: Dispatcher, most: number, onSpace: () => void) {
    this.#dispatcher = dispatcher;
    this.#most = most;
    this.#onSpace = onSpace;
  }

  /** Whether the queue is full as it stands; requests of this turn may not have been dispatched yet. */
  get isFull(): boolean {
    return this.#dispatcher.waiting >= this.#most;
  }

  /** Dispatches what can be, if the queue is full. Returns whether it has space then. */
  makeSpace(): boolean {
    if (!this.isFull) return true;
    this.#dispatcher.pass();
    return !this.isFull;
  }

  /** @throws QueueFullError the queue stays full */
  ensureSpace(): void {
    if (this.makeSpace()) return;
    this.#hasRefused = true;
    throw new QueueFullError(this.#most);
  }

  /** Resolves when there may be space: the caller has to look again, since several may have waited. */
  untilSpace(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** To be called whenever the queue may have become shorter. */
  notify(): void {
    if (!this.#hasRefused && this.#waiting.length === 0) return;
    if (this.isFull) return;
    this.#hasRefused = false;
    this.wakeAll();
    this.#onSpace();
  }

  /** Ends all waiting, whether there is space or not. */
  wakeAll(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
