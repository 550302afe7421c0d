/**
 * Which failed items of a map run again, and when: after a delay if their task has thrown, at once if their
 * worker has died.
 */
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import type { MapRequests } from './map-requests.js';
import type { RetryRule } from './map-retry.js';

/** The history of an item. */
interface Trouble {
  /** Runs that have thrown. */
  throws: number;
  /** Workers that died running it. */
  kills: number;
  /** Of its last run. */
  error: unknown;
}

export class MapReruns {
  readonly #requests: MapRequests;
  readonly #rule: RetryRule | undefined;
  /** By index; only of items that have failed and are not settled. */
  readonly #troubles = new Map<number, Trouble>();
  /** Whether any item has failed. Looked at for each outcome, which takes less than to look for the item. */
  hasTroubles = false;
  /** What is called when a delay is over. */
  readonly #delays = new Map<NodeJS.Timeout, () => void>();

  /** @param rule for tasks that throw; `undefined`: their items are not run again */
  constructor(requests: MapRequests, rule: RetryRule | undefined) {
    this.#requests = requests;
    this.#rule = rule;
  }

  /** How many items wait until they run again. */
  get waiting(): number {
    return this.#delays.size;
  }

  /** How many workers have died running the item. */
  killsOf(index: number): number {
    return this.#troubles.get(index)?.kills ?? 0;
  }

  /** What the last run of an item that was to run again has failed with. */
  failureOf(index: number): { readonly error: unknown } | undefined {
    return this.#troubles.get(index);
  }

  /** The item has its outcome. */
  settled(index: number): void {
    this.#troubles.delete(index);
  }

  /**
   * Whether an item that has failed runs again; then `run` is called after the delay. @throws what `when`
   * throws
   */
  afterError(index: number, error: unknown, item: unknown, run: () => void): boolean {
    if (this.#rule === undefined) return false;
    const trouble = this.#troubleOf(index);
    trouble.throws++;
    trouble.error = error;
    const delay = this.#rule.delayAfter(trouble.throws, error, item);
    if (delay === undefined) return false;
    const timer = setTimeout(() => {
      this.#delays.delete(timer);
      run();
    }, delay);
    this.#delays.set(timer, run);
    return true;
  }

  /** Whether an item whose worker has died runs again. */
  afterCrash(index: number, error: Error): boolean {
    const trouble = this.#troubleOf(index);
    trouble.kills++;
    trouble.error = error;
    return this.#requests.mayRunAgain(trouble.kills);
  }

  /** No delay is waited for any more. */
  hasten(): void {
    const delayed = [...this.#delays.values()];
    this.#clearDelays();
    for (const run of delayed) run();
  }

  clear(): void {
    this.#troubles.clear();
    this.#clearDelays();
  }

  #clearDelays(): void {
    for (const timer of this.#delays.keys()) clearTimeout(timer);
    this.#delays.clear();
  }

  #troubleOf(index: number): Trouble {
    this.hasTroubles = true;
    let trouble = this.#troubles.get(index);
    if (trouble === undefined) {
      trouble = { throws: 0, kills: 0, error: undefined };
      this.#troubles.set(index, trouble);
    }
    return trouble;
  }
}
