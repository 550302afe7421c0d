/**
 * How many jobs a machine takes at a time: one more than it has threads, times its share. The one is there
 * when a thread becomes free. More would wait here while another machine is idle.
 */
import type { Worker } from 'bullmq';
import type { Balancer } from '../balancer.js';
import { performance } from '../protocol/clock.js';

/** Time between two counts of the threads, whose number may change, in ms. */
const COUNT_MS = 200;

export class Slots {
  readonly #balancer: Balancer;
  readonly #share: number;
  readonly #running = new Map<Worker, number>();
  #total = 0;
  #threads = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(balancer: Balancer, share: number) {
    this.#balancer = balancer;
    this.#share = share;
  }

  get threads(): number {
    const now = performance.now();
    if (now - this.#countedAt > COUNT_MS) {
      this.#countedAt = now;
      this.#threads = this.#balancer.stats().workers.length;
    }
    return this.#threads;
  }

  get limit(): number {
    return Math.max(1, Math.round((this.threads + 1) * this.#share));
  }

  /** Jobs that are here. */
  get running(): number {
    return this.#total;
  }

  add(worker: Worker): void {
    this.#running.set(worker, 0);
    this.adjust();
  }

  /** A job has been taken (1), or let go (-1). */
  changed(worker: Worker, by: 1 | -1): void {
    this.#running.set(worker, (this.#running.get(worker) ?? 0) + by);
    this.#total += by;
    this.adjust();
  }

  /**
   * Gives each queue what the others leave of the limit. At least one, since BullMQ knows no less: where all
   * are in use, each further module adds one.
   */
  adjust(): void {
    const { limit } = this;
    for (const [worker, running] of this.#running) {
      const concurrency = Math.max(1, limit - (this.#total - running));
      if (worker.concurrency !== concurrency) worker.concurrency = concurrency;
    }
  }
}
