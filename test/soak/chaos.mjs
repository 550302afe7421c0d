/** Changes of the set of workers while it runs: resizes, reloads, additions, removals. */
import { Random } from './random.mjs';

/** Of so many requests, one is followed by a change. */
const EVERY = 700;
const MOST_WORKERS = 4;

/** What such a change may fail with: another one has undone it, or the Balancer is being closed. */
const ALLOWED = new Set(['ERR_NO_WORKER', 'ERR_BALANCER_CLOSED']);

export class Chaos {
  /** By kind of change: `{ count, failed }`. */
  counts = new Map();
  /** The last changes, and how they have ended; for when something hangs. */
  recent = [];
  #balancer;
  #seed;
  #ledger;
  #open = new Set();

  constructor(balancer, seed, ledger) {
    this.#balancer = balancer;
    this.#seed = seed;
    this.#ledger = ledger;
  }

  /** To be called with the number of each request. */
  pass(n) {
    if (n % EVERY !== EVERY - 1) return;
    const random = new Random(this.#seed, 2 ** 30 + n);
    const change = random.pick(['resize', 'resize', 'range', 'reload', 'add', 'remove']);
    this.#follow(change, this[`_${change}`](random));
  }

  /** Resolves when all changes have ended. */
  async ended() {
    while (this.#open.size > 0) await Promise.all([...this.#open].map(({ ended }) => ended));
  }

  _resize(random) {
    return this.#balancer.resize(random.integer(1, MOST_WORKERS));
  }

  _range(random) {
    const min = random.integer(1, 2);
    return this.#balancer.resize({ min, max: random.integer(min, MOST_WORKERS) });
  }

  _reload() {
    return this.#balancer.reload();
  }

  async _add(random) {
    const { workers } = this.#balancer.stats();
    if (workers.length >= MOST_WORKERS) await this.#balancer.resize(random.integer(1, 2));
    await this.#balancer.add({ weight: random.pick([0.5, 1, 3]) });
  }

  async _remove(random) {
    const { workers } = this.#balancer.stats();
    if (workers.length === 0) return;
    // The limits move along, to an empty set if this was the last one that stays; and for that requests would
    // wait for ever.
    await Promise.all([
      this.#balancer.remove(random.pick(workers).id),
      this.#balancer.resize({ min: 1, max: MOST_WORKERS }),
    ]);
  }

  #follow(change, promise) {
    const count = this.counts.get(change) ?? { count: 0, failed: 0 };
    this.counts.set(change, count);
    count.count++;
    const line = {
      change,
      ended: 'no',
      workers: this.#balancer
        .stats()
        .workers.map(({ id, state }) => `${id} ${state}`)
        .join(),
    };
    this.recent.push(line);
    if (this.recent.length > 8) this.recent.shift();
    const one = {
      ended: promise
        .then(() => {
          line.ended = 'yes';
        })
        .catch((error) => {
          line.ended = error?.message;
          count.failed++;
          if (!ALLOWED.has(error?.code)) this.#ledger.violate(`${change} failed: ${error?.stack ?? error}`);
        })
        .finally(() => this.#open.delete(one)),
    };
    this.#open.add(one);
  }
}
