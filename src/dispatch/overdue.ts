/**
 * A timer for what was sent and not started: nothing else would make the main thread look, since nobody completes anything. It runs only
 * after something was given out, once, and goes on only while there is something of that kind.
 */
// By name, not as globals: a test that puts fake timers in their place must not stop the Balancer.
import { setTimeout } from 'node:timers';

export class Overdue {
  readonly #timer: NodeJS.Timeout;
  #isArmed = false;

  /**
   * @param ms after which to look
   * @param look called then
   */
  constructor(ms: number, look: () => void) {
    // Made here and not for the first request, whose AsyncLocalStorage it would hold for ever.
    this.#timer = setTimeout(() => {
      if (!this.#isArmed) return;
      this.#isArmed = false;
      look();
    }, ms);
    this.#timer.unref();
  }

  /** Something has been given out, or is still there. O(1), and next to nothing while a look is due. */
  arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#timer.refresh();
  }
}
