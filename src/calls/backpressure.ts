/** Room in the queue: who is refused for lack of it, who waits for it, and who is told that there is some again. */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { QueueFullError } from '../errors/errors.js';

export class Backpressure {
  readonly #dispatcher: Dispatcher;
  readonly #most: number;
  readonly #tell: () => void;
  #waiting: (() => void)[] = [];
  #hasRefused = false;

  /**
   * @param most how many requests may wait
   * @param tell called when there is room again after somebody was refused, or waited
   */
  constructor(dispatcher: Dispatcher, most: number, tell: () => void) {
    this.#dispatcher = dispatcher;
    this.#most = most;
    this.#tell = tell;
  }

  /** Whether there is none, as the queue stands; what was submitted in this turn may not have been given out yet. */
  get isFull(): boolean {
    return this.#dispatcher.waiting >= this.#most;
  }

  /** Whether there is none, also after what can be given out has been. */
  staysFull(): boolean {
    if (!this.isFull) return false;
    this.#dispatcher.pass();
    return this.isFull;
  }

  /** @throws QueueFullError there is none */
  demand(): void {
    if (!this.staysFull()) return;
    this.#hasRefused = true;
    throw new QueueFullError(this.#most);
  }

  /** Resolves when there may be some: whoever waits looks again. */
  wait(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** The queue has become shorter, or may have. */
  look(): void {
    if (!this.#hasRefused && this.#waiting.length === 0) return;
    if (this.isFull) return;
    this.#hasRefused = false;
    this.letGo();
    this.#tell();
  }

  /** Nobody is to wait any longer, room or not. */
  letGo(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
