/** The signs of life that a thread leaves in shared memory, without being asked. */

import type { Window } from '../protocol/window.js';

export class VitalSigns {
  readonly #window: Window;

  constructor(window: Window) {
    this.#window = window;
  }

  /** A count that changes while the thread turns its event loop. */
  get beats(): number {
    return this.#window.status.beats();
  }

  /** A count that changes with each request that the thread starts or completes. */
  get claims(): number {
    return this.#window.head() + this.#window.completed();
  }

  /** A count that changes with either. */
  get progress(): number {
    return this.beats + this.claims;
  }

  /** Size of the thread's heap when it last noted it, in bytes. */
  get heapUsed(): number {
    return this.#window.status.heap();
  }
}
