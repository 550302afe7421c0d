/** Which tasks machines serve, as far as a submitter knows, and for what it has waited too long. */
import { performance } from '../protocol/clock.js';
import type { ClusterRequest } from './request.js';

export class ServedNames {
  readonly #machineTimeout: number;
  #names: ReadonlySet<string> = new Set();
  /** Since when nobody serves them any more, by name. */
  readonly #goneAt = new Map<string, number>();

  /** @param machineTimeout in ms */
  constructor(machineTimeout: number) {
    this.#machineTimeout = machineTimeout;
  }

  /** In order. */
  get names(): readonly string[] {
    return [...this.#names].sort();
  }

  /** These are served now, and no others. */
  saw(names: readonly string[]): void {
    const now = performance.now();
    const before = this.#names;
    this.#names = new Set(names);
    for (const name of before) if (!this.#names.has(name)) this.#goneAt.set(name, now);
    for (const name of this.#names) this.#goneAt.delete(name);
  }

  /** Those that nobody has served for `machineTimeout`. @param requests in the order of their submission */
  overdue(requests: Iterable<ClusterRequest>): readonly ClusterRequest[] {
    const latest = performance.now() - this.#machineTimeout;
    const found: ClusterRequest[] = [];
    for (const request of requests) {
      if (request.began > latest) break;
      const { name } = request.task;
      if (!request.isSent || this.#names.has(name)) continue;
      const since = Math.max(
        this.#goneAt.get(name) ?? request.began,
        request.began + (request.options.delay ?? 0),
      );
      if (since <= latest) found.push(request);
    }
    return found;
  }
}
