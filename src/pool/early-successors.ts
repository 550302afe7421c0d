/**
 * Successors of workers whose threads will have to be ended for the request that they run. Each is started while
 * the request still has time to end by itself: else those that wait would wait for that, and then for a thread to
 * come up. It waits in reserve until the other thread has ended. If that lives on after all, it is given up.
 */
import { performance } from '../protocol/clock.js';
import type { Worker } from '../worker/worker.js';
import type { Member } from './member.js';
import type { RecyclingParts } from './recycling.js';

export class EarlySuccessors {
  readonly #parts: RecyclingParts;
  /** Members that have got one here. */
  readonly #prepared = new WeakSet<Member>();

  constructor(parts: RecyclingParts) {
    this.#parts = parts;
  }

  /** How long a thread takes to come up, in ms. */
  get lead(): number {
    return this.#parts.limits.startTime;
  }

  /** The worker's thread will be ended soon. Starts its successor if requests wait for one. */
  prepare(worker: Worker): void {
    const { members, replacement, spawner } = this.#parts;
    const member = members.get(worker.id);
    if (member?.state !== 'serving' || worker.state !== 'ready') return;
    if (!this.#someWait(worker) || !spawner.mayStart(performance.now())) return;
    this.#prepared.add(member);
    replacement.replace(member, { mayWait: true }).catch(() => {});
  }

  /** Its thread has been ended, or goes on. */
  decided(worker: Worker): void {
    const { members, retirement } = this.#parts;
    const member = members.get(worker.id);
    if (member === undefined || !this.#prepared.delete(member)) return;
    if (!member.getsRequests || worker.state !== 'ready') return;
    const successor = members.successorOf(member);
    // Otherwise it has been decided since that it takes the place.
    if (successor?.isComing === true && successor.mayWait) retirement.dismiss(successor);
  }

  #someWait({ unstarted, backlog }: Worker): boolean {
    return unstarted > 0 || backlog.length > 0 || this.#parts.dispatcher.waiting > 0;
  }
}
