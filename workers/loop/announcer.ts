/**
 * When the main thread is told of completions: step 7 of the protocol in `src/protocol/window.ts`.
 *
 * It takes a message to wake the main thread, which costs both sides more than a short task. So an
 * announcement may be deferred a little, for others to join it, while there is something else to run.
 */
import { Coalescing } from '../../src/protocol/coalescing.js';
import type { Window } from '../../src/protocol/window.js';
import type { WorkerChannel } from './send.js';

export class Announcer {
  readonly #window: Window;
  readonly #channel: WorkerChannel;
  /** When the first unannounced completion was published; 0: there is none. */
  #deferredSince = 0;
  readonly #coalescing = new Coalescing();

  constructor(window: Window, channel: WorkerChannel) {
    this.#window = window;
    this.#channel = channel;
  }

  /**
   * A completion has been published. Wakes the main thread if it sleeps and the announcement cannot be
   * deferred.
   * @param now in ms of `performance.now()`
   * @param runTime of the completed request, in ms
   */
  completed(now: number, runTime: number): void {
    this.#coalescing.ran(runTime);
    const window = this.#window;
    if (!window.mainSleeps()) {
      this.#deferredSince = 0;
      return;
    }
    if (this.#deferredSince === 0) this.#deferredSince = now;
    if (!this.#coalescing.mayDefer(runTime, now - this.#deferredSince, window.unstarted())) this.#wakeMain();
  }

  /** Announces what was deferred: the worker may now idle, or wait for long. */
  flush(): void {
    if (this.#deferredSince !== 0) this.#wakeMain();
  }

  #wakeMain(): void {
    this.#deferredSince = 0;
    if (this.#window.wakeMain()) this.#channel.send('wake');
  }
}
