/** Which worker gets a request: the policy's choice, or the place that transferred arguments find. */

import type { Policy } from '../policies/policy.js';
import type { Request } from '../requests/request.js';
import { SUSPECT_FROM } from '../tasks/registry.js';
import type { Prefetch } from '../worker/prefetch.js';
import type { View } from '../worker/view.js';
import type { Worker } from '../worker/worker.js';
import type { Suspects } from './suspects.js';
import { placeFor } from './transfer-placement.js';

export class Selection {
  readonly #policy: Policy;
  readonly #prefetch: Prefetch;
  readonly #workers: readonly Worker[];
  /** Workers that get nothing more in this pass; see `#reserve`. */
  readonly #reserved: Worker[] = [];

  readonly #suspects: Suspects;

  /** @param workers always the same list */
  constructor(policy: Policy, prefetch: Prefetch, workers: readonly Worker[], suspects: Suspects) {
    this.#suspects = suspects;
    this.#policy = policy;
    this.#prefetch = prefetch;
    this.#workers = workers;
  }

  /** Whether any worker has room for one more request. O(w). */
  get hasRoom(): boolean {
    for (const { state, view } of this.#workers) if (view.available && state === 'ready') return true;
    return false;
  }

  /**
   * The worker for a request; `undefined`: none now.
   * @throws whatever a custom policy throws
   */
  choose(request: Request): Worker | undefined {
    if (request.task.kills >= SUSPECT_FROM && this.#suspects.holds(request)) return undefined;
    const view = this.#select(request);
    if (view === undefined) return undefined;
    const worker = placeFor(request, view.worker, this.#workers, this.#prefetch);
    if (worker === undefined) this.#reserve();
    return worker;
  }

  /** The pass is over. */
  endReservations(): void {
    if (this.#reserved.length === 0) return;
    for (const worker of this.#reserved) {
      worker.status.update();
      this.#policy.update(worker.view);
    }
    this.#reserved.length = 0;
  }

  #select(request: Request): View<Worker> | undefined {
    const { extras } = request;
    if (extras === undefined) return this.#policy.select(request) as View<Worker> | undefined;
    const { session } = extras;
    if (session === undefined) {
      extras.pinned = this.#policy.pins && extras.key !== undefined;
      return this.#policy.select(request) as View<Worker> | undefined;
    }
    return session.bind(() => this.#policy.select(request) as View<Worker> | undefined) as
      | View<Worker>
      | undefined;
  }

  /**
   * Transferred arguments have found no place. The worker with the least work gets nothing else in this pass,
   * so that it soon has room for them although requests behind them go on.
   */
  #reserve(): void {
    let least: Worker | undefined;
    for (const worker of this.#workers) {
      if (!worker.view.available || worker.state !== 'ready') continue;
      if (least === undefined || worker.view.work < least.view.work) least = worker;
    }
    if (least === undefined) return;
    least.view.available = false;
    this.#policy.update(least.view);
    this.#reserved.push(least);
  }
}
