/** What a thread notes of the request that it runs: since when, and how far it is. */
import { CLOCK_OFFSET } from '../protocol/clock.js';
import type { Window } from '../protocol/window.js';
import type { Request } from '../requests/request.js';

export class Running {
  readonly #window: Window;
  readonly #current: () => Request | undefined;

  /** @param current the request that is started and not completed, if any */
  constructor(window: Window, current: () => Request | undefined) {
    this.#window = window;
    this.#current = current;
  }

  /**
   * Since when the request has been running, in ms of `performance.now() + CLOCK_OFFSET`; 0: it does not run.
   */
  startOf(request: { readonly id: number }): number {
    return this.#window.status.startOf(request.id);
  }

  /** Whether the thread has claimed it just now, and has not said yet whether its module is loaded. */
  isUndecided(request: Request): boolean {
    return request.extras?.chunk === undefined && this.startOf(request) === 0;
  }

  /** Whether its module is being loaded, so that it has not started. To be asked when that is decided. */
  isLoading(request: Request): boolean {
    return this.#window.status.isLoading(request.id);
  }

  /**
   * Keeps the request, whose module is being loaded, from starting.
   * @returns false: its module is not being loaded, or is loaded by now, and the request starts
   */
  forbidStart(request: Request): boolean {
    return this.#window.status.forbidStart(request.id);
  }

  /**
   * The item of a chunk that runs, and since when, in ms of `performance.now() + CLOCK_OFFSET`; `undefined`:
   * none does.
   */
  itemOf(request: Request): { readonly index: number; readonly start: number } | undefined {
    const { status } = this.#window;
    const index = status.item();
    const start = index < 0 || this.#current() !== request ? 0 : status.startOf(request.id + index);
    return start === 0 ? undefined : { index, start };
  }

  /** Since when the request, or its item that runs, has been running, in ms of `performance.now()`. */
  since(request: Request): number | undefined {
    const start = this.itemOf(request)?.start ?? this.startOf(request);
    return start === 0 ? undefined : start - CLOCK_OFFSET;
  }

  /**
   * How long what runs has been running, in ms; of a chunk: all of it so far. @param now of
   * `performance.now()`
   */
  timeUntil(now: number): number {
    const request = this.#current();
    if (request === undefined) return 0;
    const isChunk = request.extras?.chunk !== undefined;
    const start = isChunk ? this.#window.status.chunkStart() : this.startOf(request);
    return start === 0 ? 0 : Math.max(0, now + CLOCK_OFFSET - start);
  }
}
