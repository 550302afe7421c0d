/**
 * When the main thread is told of completions: step 7 of the protocol at the head of `src/protocol/window.ts`.
 *
 * If it sleeps, it takes a message to wake it, which costs both sides more than a short task. So what is completed may wait a little for
 * others, as long as there is something else to do.
 */
import { Coalescing } from '../../src/protocol/coalescing.js';
import type { Window } from '../../src/protocol/window.js';
import type { WorkerChannel } from './delivery.js';

export class Announcer {
  readonly #window: Window;
  readonly #channel: WorkerChannel;
  /** When the first completion that main has not been told of was published; 0: none. */
  #unannouncedSince = 0;
  readonly #holding = new Coalescing();

  constructor(window: Window, channel: WorkerChannel) {
    this.#window = window;
    this.#channel = channel;
  }

  /**
   * A completion has been published. Wakes the main thread if it sleeps, but not at once if that may wait.
   * @param now in ms of `performance.now()`
   * @param runTime of what is completed, in ms
   */
  completed(now: number, runTime: number): void {
    this.#holding.ran(runTime);
    const window = this.#window;
    if (!window.mainSleeps()) {
      this.#unannouncedSince = 0;
      return;
    }
    if (this.#unannouncedSince === 0) this.#unannouncedSince = now;
    if (!this.#holding.allows(runTime, now - this.#unannouncedSince, window.unstarted())) this.#wakeMain();
  }

  /** Whoever may be idle or wait for long holds nothing back. */
  announceAll(): void {
    if (this.#unannouncedSince !== 0) this.#wakeMain();
  }

  #wakeMain(): void {
    this.#unannouncedSince = 0;
    if (this.#window.wakeMain()) this.#channel.send({ type: 'wake' });
  }
}
