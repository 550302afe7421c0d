/**
 * The limit of the queue: refuses requests beyond it, and tells producers when there is space again. What a
 * worker can take at once does not count: each worker that is starting, or will be started because requests
 * wait, takes one of those that wait.
 */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { QueueFullError } from '../errors/errors.js';

export class Backpressure {
  readonly #dispatcher: Dispatcher;
  readonly #most: number;
  readonly #comingWorkers: () => number;
  readonly #onSpace: () => void;
  #waiting: (() => void)[] = [];
  #hasRefused = false;

  /**
   * @param most how many requests may wait
   * @param comingWorkers how many workers are starting, or will be started if requests wait
   * @param onSpace called when there is space again after a request was refused, or somebody waited
   */
  constructor(dispatcher: Dispatcher, most: number, comingWorkers: () => number, onSpace: () => void) {
    this.#dispatcher = dispatcher;
    this.#most = most;
    this.#comingWorkers = comingWorkers;
    this.#onSpace = onSpace;
  }

  /** Whether the queue is full as it stands; requests of this turn may not have been dispatched yet. */
  get isFull(): boolean {
    const { waiting } = this.#dispatcher;
    return waiting >= this.#most && waiting >= this.#most + this.#taken(waiting);
  }

  /** How many requests workers can take beside those that may wait. O(workers). */
  #taken(waiting: number): number {
    const coming = this.#comingWorkers();
    // As long as requests wait, no worker has room for another one.
    const hasRoom =
      waiting === 0 &&
      this.#dispatcher.workers.some(
        // One that short tasks are kept away from looks full to the policy, but is used if something waits.
        ({ state, view }) => state === 'ready' && (view.available || view.pending === 0),
      );
    return hasRoom ? coming + 1 : coming;
  }

  /**
   * Dispatches what can be, if the queue is full. Returns whether it has space then. A worker that has finished
   * has room, also where the main thread has been busy since and has not heard of it.
   */
  makeSpace(): boolean {
    if (!this.isFull) return true;
    this.#dispatcher.catchUp();
    return !this.isFull;
  }

  /** A request is refused, since the queue stays full: the error for it. `onSpace` will tell. */
  refusal(): QueueFullError {
    this.#hasRefused = true;
    return new QueueFullError(this.#most);
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
