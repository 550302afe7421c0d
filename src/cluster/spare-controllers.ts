/** AbortControllers for runs, most of which end without an abort: to make one takes longer than all else. */
import { listenToAbort } from '../requests/abort-listeners.js';

/** Those that are kept. */
const MOST = 64;

export class SpareControllers {
  readonly #spare: AbortController[] = [];

  take(): AbortController {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    const controller = new AbortController();
    // The event target has one listener all the time, so that none is added and removed for each run.
    listenToAbort(controller.signal, nothing);
    return controller;
  }

  /** Nobody listens to it any more. */
  giveBack(controller: AbortController): void {
    if (!controller.signal.aborted && this.#spare.length < MOST) this.#spare.push(controller);
  }
}

function nothing(): void {}
