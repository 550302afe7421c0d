/** How a Balancer is watched from outside: by traces, dashboards, exporters. */
import type { Ledger } from '../ledger/ledger.js';
import type { Observer } from '../ledger/observer.js';
import { MetricsRecorders } from '../metrics/metrics.js';
import type { Metrics } from '../metrics/snapshot.js';
import type { Carrier } from '../protocol/messages.js';
import type { BalancerStats } from './stats.js';
import { Utilization } from './utilization.js';

export class Observation {
  readonly #ledger: Ledger;
  readonly #stats: (utilization: Utilization) => BalancerStats;
  readonly #closeListeners = new Set<() => void>();
  #isClosed = false;
  /** The histograms, once somebody has wanted them. Threads may count for them still when nobody does. */
  #metrics: MetricsRecorders | undefined;
  #metricsReaders = 0;

  constructor(ledger: Ledger, stats: (utilization: Utilization) => BalancerStats) {
    this.#ledger = ledger;
    this.#stats = stats;
  }

  /** Name of the Balancer. */
  get name(): string {
    return this.#ledger.name;
  }

  /** Gives snapshots in which the utilisation of a worker is that since the reader's own last one. */
  statsReader(): () => BalancerStats {
    const utilization = new Utilization();
    return () => this.#stats(utilization);
  }

  /** Tells an observer from now on what happens. @returns ends that */
  observe(observer: Observer): () => void {
    return this.#ledger.observe(observer);
  }

  /** Calls code of the program from within an observer: it may call the Balancer, and must not throw. */
  call(callback: () => void): void {
    this.#ledger.call(callback);
  }

  /** The histograms, of which all who want them share one set. `stop`: they are not wanted any more. */
  measure(): { readonly metrics: Metrics; readonly stop: () => void } {
    this.#metrics ??= new MetricsRecorders();
    if (this.#metricsReaders === 0) {
      this.#ledger.record(this.#metrics);
      this.#metrics.reset();
    }
    this.#metricsReaders++;
    let isWanted = true;
    const stop = (): void => {
      if (!isWanted) return;
      isWanted = false;
      if (--this.#metricsReaders > 0) return;
      this.#ledger.record(undefined);
    };
    return { metrics: this.#metrics, stop };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Calls the listener once the Balancer is closed. It must not throw. @returns it will not be called any
   * more
   */
  onClosed(listener: () => void): () => void {
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /** The Balancer is closed: its last thread has ended. */
  closed(): void {
    this.#isClosed = true;
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }

  /**
   * From now on, what `capture` gives when a request is submitted travels with it; see `restoreContext` of
   * `leastwork/task`. There is one at a time: the last one counts.
   * @param capture called in `submit`, in the context of its caller. Must not throw
   * @returns ends that
   */
  propagate(capture: () => Carrier | undefined): () => void {
    this.#ledger.capture = capture;
    return () => {
      if (this.#ledger.capture === capture) this.#ledger.capture = undefined;
    };
  }
}

/**
 * Key of a Balancer's `Observation`, and of a Router's list of them. Registered, since the optional parts of
 * the package are files of their own.
 */
export const observing = Symbol.for('leastwork.observing');

/** Key of a Router's number of calls that no route has matched, those of the Routers in it included. */
export const unrouted = Symbol.for('leastwork.unrouted');

/** How to watch a Balancer, or each Balancer of a Router once; none of anything else. */
export function observationsOf(target: object): readonly Observation[] {
  const observations = (target as { [observing]?: () => readonly Observation[] })[observing];
  return typeof observations === 'function' ? [...new Set(observations.call(target))] : [];
}

/** Reads how many calls no route of a Router has matched; `undefined`: the target is no Router. */
export function unroutedOf(target: object): (() => number) | undefined {
  const read = (target as { [unrouted]?: () => number })[unrouted];
  return typeof read === 'function' ? () => read.call(target) : undefined;
}
