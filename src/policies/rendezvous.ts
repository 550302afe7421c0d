import { LeastPending } from './least-pending.js';
import type { Policy, RequestView, WorkerView } from './policy.js';
import { crc32 } from './support/crc32.js';

interface Member {
  readonly worker: WorkerView;
  /** Makes this worker's draws different from those of the others. */
  readonly seed: number;
}

/** MurmurHash3's finalizer: every bit of the input changes every bit of the result with probability 1/2. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Requests with the same `key` go to the same worker, full or not: highest random weight (D. Thaler, C.
 * Ravishankar, "Using name-based mappings to increase hit rates", 1998). Each worker draws a number from the
 * key and its label; the best draw wins. With weights, the least -ln(draw) / weight wins, which is
 * exponentially distributed with rate weight. A worker that joins or leaves moves only its own keys, and
 * shares are more even than on a ring. Requests without a key go to the worker with the fewest pending
 * requests, and wait while all workers are full.
 *
 * `select` O(workers), `update` O(log workers). For hundreds of workers prefer `hash`.
 */
export class Rendezvous implements Policy {
  readonly name = 'rendezvous';
  readonly pins = true;
  readonly #keyless = new LeastPending();
  /** Sorted by label, so that ties do not depend on the order in which workers joined. */
  readonly #members: Member[] = [];

  add(worker: WorkerView): void {
    this.#keyless.add(worker);
    if (this.#members.some((member) => member.worker.id === worker.id)) return;
    const after = this.#members.findIndex((member) => member.worker.label > worker.label);
    const member = { worker, seed: mix(crc32(worker.label)) };
    this.#members.splice(after === -1 ? this.#members.length : after, 0, member);
  }

  remove(worker: WorkerView): void {
    this.#keyless.remove(worker);
    const index = this.#members.findIndex((member) => member.worker.id === worker.id);
    if (index !== -1) this.#members.splice(index, 1);
  }

  select(request: RequestView): WorkerView | undefined {
    if (request.key === undefined) return this.#keyless.select();
    const members = this.#members;
    const key = mix(crc32(request.key));
    let selected: WorkerView | undefined;
    let highest = -1;
    let least = Infinity;
    for (let i = 0; i < members.length; i++) {
      const { worker, seed } = members[i]!;
      const draw = mix(key ^ seed);
      // The logarithm is needed only if a lesser draw can win by a greater weight.
      if (selected !== undefined && worker.weight <= selected.weight && draw <= highest) continue;
      const time = -Math.log((draw + 0.5) / 2 ** 32) / worker.weight;
      if (time >= least) continue;
      selected = worker;
      highest = draw;
      least = time;
    }
    return selected;
  }

  update(worker: WorkerView): void {
    this.#keyless.update(worker);
  }

  /** Throws if the heap for requests without a key is out of order. For tests. */
  verify(): void {
    this.#keyless.verify();
  }
}
