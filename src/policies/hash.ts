import { LeastPending } from './least-pending.js';
import type { Policy, RequestView, WorkerView } from './policy.js';
import { KetamaRing } from './support/ketama.js';

/** The most points that a ring may be asked for, as in gRPC's `ring_hash` (A42). They take 1.5 s to make. */
export const MOST_POINTS = 2 ** 23;

/** Options of `hash`. */
export interface HashConfig {
  /** The least number of points on the ring, an integer from 1 to 8,388,608. Default: no bound (160 points × weight, as in nginx). */
  readonly minRingSize?: number;
  /**
   * The greatest number of points on the ring, an integer from 1 to 8,388,608; each worker has one at least. It wins over
   * `minRingSize`. Default: no bound.
   */
  readonly maxRingSize?: number;
}

interface Member {
  readonly worker: WorkerView;
  weight: number;
}

/**
 * Requests with the same `key` go to the same worker, whether it has room or not: consistent hashing on a ketama ring that
 * agrees with nginx's. A worker that comes or goes moves only the keys that it wins or loses. Requests without a key go
 * to the worker with the fewest pending requests, and wait when no worker has room.
 *
 * `select` O(log points); the ring is built anew by the first `select` after the set or a weight has changed.
 */
export class Hash implements Policy {
  readonly name = 'hash';
  readonly pins = true;
  readonly #keyless = new LeastPending();
  readonly #members = new Map<number, Member>();
  readonly #config: HashConfig;
  #ring: KetamaRing | undefined;
  #workers: readonly WorkerView[] = [];

  constructor(config: HashConfig = {}) {
    this.#config = config;
  }

  add(worker: WorkerView): void {
    this.#keyless.add(worker);
    if (this.#members.has(worker.id)) {
      this.update(worker);
      return;
    }
    this.#members.set(worker.id, { worker, weight: worker.weight });
    this.#ring = undefined;
  }

  remove(worker: WorkerView): void {
    this.#keyless.remove(worker);
    if (!this.#members.delete(worker.id)) return;
    this.#ring = undefined;
    this.#workers = [];
  }

  select(request: RequestView): WorkerView | undefined {
    if (request.key === undefined) return this.#keyless.select();
    this.#ring ??= this.#build();
    const index = this.#ring.find(request.key);
    return index === undefined ? undefined : this.#workers[index];
  }

  update(worker: WorkerView): void {
    this.#keyless.update(worker);
    const member = this.#members.get(worker.id);
    if (member === undefined || member.weight === worker.weight) return;
    member.weight = worker.weight;
    this.#ring = undefined;
  }

  /** Throws if the heap for requests without a key is out of order. For tests. */
  verify(): void {
    this.#keyless.verify();
  }

  #build(): KetamaRing {
    this.#workers = Array.from(this.#members.values(), ({ worker }) => worker);
    return new KetamaRing(this.#workers, { min: this.#config.minRingSize, max: this.#config.maxRingSize });
  }
}
