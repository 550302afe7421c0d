import { type Fields, integerIn } from '../options/validate.js';
import { LeastPending } from './least-pending.js';
import type { Policy, RequestView, WorkerView } from './policy.js';
import { KetamaRing } from './support/ketama.js';

/** Largest allowed size of a ring, as in gRPC's `ring_hash` (A42). It takes 1.5 s to build. */
const MOST_POINTS = 2 ** 23;

/** Options of `hash`. */
export interface HashConfig {
  /**
   * Least number of points on the ring, an integer from 1 to 8,388,608. Default: no bound (160 points ×
   * weight, as in nginx).
   */
  readonly minRingSize?: number;
  /**
   * Greatest number of points on the ring, an integer from 1 to 8,388,608; each worker has at least one.
   * Takes precedence over `minRingSize`. Default: no bound.
   */
  readonly maxRingSize?: number;
}

export const HASH_FIELDS: Fields<HashConfig> = {
  minRingSize: [undefined, integerIn(1, MOST_POINTS)],
  maxRingSize: [undefined, integerIn(1, MOST_POINTS)],
};

interface Member {
  readonly worker: WorkerView;
  weight: number;
}

/**
 * Requests with the same `key` go to the same worker, full or not: consistent hashing on a ketama ring that
 * agrees with nginx's. A worker that joins or leaves moves only its own keys. Requests without a key go to
 * the worker with the fewest pending requests, and wait while all workers are full.
 *
 * `select` O(log points); the first `select` after a change of the set or of a weight rebuilds the ring.
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
