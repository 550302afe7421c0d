/**
 * When the main thread is told of completions: step 7 of the protocol at the head of `src/window.ts`.
 *
 * If it sleeps, it takes a message to wake it, which costs both sides more than a short task. So what is completed may wait a little for
 * others, as long as there is something else to do.
 */
import { MOST_HOLD_MS, type Window } from '../src/window.js';
import type { WorkerChannel } from './deliver.js';

export class Announcer {
  readonly #window: Window;
  readonly #channel: WorkerChannel;
  /** When the first completion that main has not been told of was published; 0: none. */
  #unannouncedSince = 0;
  /** Smoothed run time of the last tasks, in ms: how long the next one may take. */
  #typical = 0;

  constructor(window: Window, channel: WorkerChannel) {
    this.#window = window;
    this.#channel = channel;
  }

  /**
   * A completion has been published. Wakes the main thread if it sleeps. Not at once, if there is enough to do for which it has filled the
   * window already: at most half of that time, and not if the next task may take longer.
   * @param now in ms of `performance.now()`
   * @param runTime of what is completed, in ms
   */
  completed(now: number, runTime: number): void {
    this.#typical += (runTime - this.#typical) / 8;
    const window = this.#window;
    if (!window.mainSleeps()) {
      this.#unannouncedSince = 0;
      return;
    }
    if (this.#unannouncedSince === 0) this.#unannouncedSince = now;
    if (runTime > MOST_HOLD_MS) {
      this.#wakeMain();
      return;
    }
    const hold = Math.min(MOST_HOLD_MS, (window.unstarted() * this.#typical) / 2);
    if (now - this.#unannouncedSince + this.#typical >= hold) this.#wakeMain();
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
