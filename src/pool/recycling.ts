/** Replaces workers that come near a limit of their usage, and retires those that have reached it. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import { performance } from '../protocol/clock.js';
import { queueMicrotask } from '../protocol/timers.js';
import type { Worker } from '../worker/worker.js';
import type { Duty } from './maintenance.js';
import type { Member } from './member.js';
import type { Members } from './members.js';
import type { Replacement } from './replacement.js';
import type { Reserves } from './reserves.js';
import type { Retirement } from './retirement.js';
import type { Spawner } from './spawner.js';
import type { UsageLimits } from './usage-limits.js';

/** How often to look under load, in ms: a start that has failed is tried again. */
const PACE_MS = 20;

/** The parts of a pool that replace workers ahead of their end. */
export interface RecyclingParts {
  readonly limits: UsageLimits;
  readonly members: Members;
  readonly dispatcher: Dispatcher;
  readonly replacement: Replacement;
  readonly reserves: Reserves;
  readonly retirement: Retirement;
  readonly spawner: Spawner;
}

export class Recycling implements Duty {
  readonly pace: number | undefined;
  readonly #parts: RecyclingParts;
  readonly #retire: (member: Member) => void;
  /** Workers to look at in the next microtask. */
  readonly #used = new Set<Worker>();

  /** @param retire has the worker leave the set, and its place filled if no successor is on its way */
  constructor(parts: RecyclingParts, retire: (member: Member) => void) {
    this.pace = parts.limits.areSet ? PACE_MS : undefined;
    this.#parts = parts;
    this.#retire = retire;
  }

  /** A worker has got or completed requests. It is in the middle of that, and so looked at a little later. */
  used(worker: Worker): void {
    if (this.#used.size === 0) queueMicrotask(() => this.#lookAtUsed());
    this.#used.add(worker);
  }

  /** A thread has come up: its successor may take as long. */
  started(member: Member): void {
    this.#parts.limits.noteStart(performance.now() - member.startedAt);
  }

  look(now: number): number | undefined {
    if (this.pace === undefined) return undefined;
    for (const member of [...this.#parts.members.all()]) this.#lookAt(member, now);
    return this.#parts.dispatcher.busy ? now + this.pace : undefined;
  }

  #lookAtUsed(): void {
    const now = performance.now();
    const workers = [...this.#used];
    this.#used.clear();
    for (const { id } of workers) {
      const member = this.#parts.members.get(id);
      if (member !== undefined) this.#lookAt(member, now);
    }
  }

  #lookAt(member: Member, now: number): void {
    const { worker } = member;
    const { limits, reserves, replacement, spawner } = this.#parts;
    if (!member.getsRequests || worker.state !== 'ready') return;
    if (limits.isSpent(worker)) this.#retire(member);
    else if (limits.isTooLarge(worker)) reserves.relieve(member);
    // Where no successor can be started the worker goes on as far as it may, and the next look tries again.
    if (member.state === 'serving' && limits.isNear(worker, now) && spawner.mayStart(now))
      replacement.replace(member, { mayWait: true }).catch(() => {});
  }
}
