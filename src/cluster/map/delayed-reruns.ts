/** Items whose task has thrown, and that wait for their next run. */
import { RetryRule } from '../../calls/map-retry.js';
import type { RetrySettings } from '../../options/submit.js';
import { clearTimeout, setTimeout } from '../../protocol/timers.js';
import type { Chunk } from './chunk.js';

export class DelayedReruns {
  readonly #rule: RetryRule | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Runs that have thrown, by index, of items that are not settled. */
  readonly #throws = new Map<number, number>();

  constructor(settings: RetrySettings | undefined) {
    this.#rule = settings && new RetryRule(settings, Math.random);
  }

  /** Items that wait to run again, or do so. */
  get count(): number {
    return this.#throws.size;
  }

  /** Whether an item runs again; then `run` is called after the delay. @throws what `when` throws */
  afterError(chunk: Chunk, offset: number, error: unknown, run: () => void): boolean {
    if (this.#rule === undefined) return false;
    const index = chunk.first + offset;
    const throws = (this.#throws.get(index) ?? 0) + 1;
    const delay = this.#rule.delayAfter(throws, error, chunk.values[offset]);
    if (delay === undefined) return false;
    this.#throws.set(index, throws);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delay);
    this.#timers.add(timer);
    return true;
  }

  /** An item has an outcome. */
  settled(chunk: Chunk, offset: number): void {
    if (this.#throws.size > 0) this.#throws.delete(chunk.first + offset);
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
