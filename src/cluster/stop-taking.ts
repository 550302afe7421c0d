/** How the workers of a machine end: they finish what they have, in a time that may be cut short meanwhile. */
import type { Worker } from 'bullmq';
import { performance } from '../protocol/clock.js';
import { CLOSE_MS, type Engine } from './engine/engine.js';
import { within } from './engine/within.js';

const PAUSE_MS = 500;

export interface Runs {
  /** Jobs that are here now. */
  running(): number;
  /** Stops all runs; their jobs go to other machines. */
  leaveAll(): void;
}

export class StopTaking {
  readonly #engine: Engine;
  readonly #engineTimeout: number;
  readonly #runs: Runs;
  /** When what is not done is stopped; by the monotonic clock. */
  #stopAt = Number.POSITIVE_INFINITY;
  /** Called when that is earlier than it was. */
  #hurry: (() => void) | undefined;

  constructor(engine: Engine, engineTimeout: number, runs: Runs) {
    this.#engine = engine;
    this.#engineTimeout = engineTimeout;
    this.#runs = runs;
  }

  /** @param timeout from now, in ms; a longer one than before changes nothing */
  limit(timeout: number): void {
    this.#stopAt = Math.min(this.#stopAt, performance.now() + timeout);
    this.#hurry?.();
  }

  /** Lets the workers finish. Where the engine is gone, that is given up: the locks run out. */
  async done(workers: readonly Worker[]): Promise<void> {
    const closed = Promise.allSettled(workers.map((worker) => worker.close())).then(() => true);
    let answeredAt = performance.now();
    let isLeaving = false;
    for (;;) {
      const left = isLeaving ? CLOSE_MS : this.#stopAt - performance.now();
      const hurried = new Promise<false>((resolve) => {
        this.#hurry = () => resolve(false);
      });
      if (await within(Math.max(1, Math.min(PAUSE_MS, left)), Promise.race([closed, hurried]))) return;
      if (!isLeaving && performance.now() >= this.#stopAt) {
        isLeaving = true;
        this.#runs.leaveAll();
      }
      const answers = await within(
        PAUSE_MS,
        this.#engine.ping().then(() => true),
      );
      if (answers === true) answeredAt = performance.now();
      const patience = isLeaving || this.#runs.running() === 0 ? CLOSE_MS : this.#engineTimeout;
      if (performance.now() - answeredAt < patience) continue;
      this.#runs.leaveAll();
      return;
    }
  }
}
