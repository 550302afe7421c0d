/** Replaces workers by fresh ones: each fresh one is ready before the old one is retired. */
import type { Member } from './member.js';
import type { Members } from './members.js';
import type { Retirement } from './retirement.js';
import { placeOf, type Spawner } from './spawner.js';

export class Replacement {
  readonly #members: Members;
  readonly #spawner: Spawner;
  readonly #retirement: Retirement;
  /** Ends when the last reload has. */
  #reloaded: Promise<void> = Promise.resolve();

  constructor(members: Members, starter: Spawner, retirement: Retirement) {
    this.#members = members;
    this.#spawner = starter;
    this.#retirement = retirement;
  }

  /** Replaces all, one by one. One reload at a time: a thread that another has just started may have loaded its modules already. */
  async reload(): Promise<void> {
    const reloaded = this.#reloaded.then(() => this.#reload());
    this.#reloaded = reloaded.catch(() => {});
    await reloaded;
  }

  /** Replaces those that have completed so many requests, or have a larger heap, in bytes. O(workers). */
  recycle(maxRequests: number, maxHeap: number): void {
    for (const member of [...this.#members.all()]) {
      if (member.leaving || member.replaced || member.worker.state !== 'ready') continue;
      if (member.worker.completed >= maxRequests || member.worker.heapUsed > maxHeap) {
        // If no other can be started it goes on; it will be tried again.
        this.#replace(member).catch(() => {});
      }
    }
  }

  async #reload(): Promise<void> {
    const last = this.#spawner.lastId;
    for (const member of [...this.#members.all()]) {
      if (member.replaced) {
        // It has grown too large, say, and is being replaced for that.
        const fresh = [...this.#members.all()].find(({ replaces }) => replaces === member);
        await fresh?.ready.promise.catch(() => {});
      }
      if (member.worker.id <= last) await this.#replace(member);
    }
  }

  async #replace(member: Member): Promise<void> {
    // Somebody may wait for it; and the fresh one could be ready first.
    if (!member.admitted) await member.ready.promise.catch(() => {});
    if (member.replaced || member.leaving || !this.#members.has(member.worker.id)) return;
    member.replaced = true;
    let fresh: Member | undefined;
    try {
      fresh = this.#spawner.start(placeOf(member.worker), { replaces: member });
      await fresh.ready.promise;
    } catch (error) {
      member.replaced = false;
      // Somebody has removed the worker meanwhile, and its successor with it.
      if (fresh?.leaving) return;
      throw error;
    }
    await this.#retirement.retire(member);
  }
}
