/** Items whose task has thrown, and that wait for their next run. */
import { RetryRule } from '../../calls/map-retry.js';
import type { RetrySettings } from '../../options/submit.js';
import { clearTimeout, setTimeout } from '../../protocol/timers.js';
import type { Item } from './item.js';

export class DelayedReruns {
  readonly #rule: RetryRule | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(settings: RetrySettings | undefined) {
    this.#rule = settings && new RetryRule(settings, Math.random);
  }

  /** Whether an item runs again; then `run` is called after the delay. @throws what `when` throws */
  afterError(item: Item, error: unknown, run: () => void): boolean {
    item.throws++;
    const delay = this.#rule?.delayAfter(item.throws, error, item.value);
    if (delay === undefined) return false;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delay);
    this.#timers.add(timer);
    return true;
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
