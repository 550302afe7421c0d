/** Replaces workers by fresh ones: each fresh one is ready before the old one is retired. */
import type { Member } from './member.js';
import type { Members } from './members.js';
import type { Reserves } from './reserves.js';
import type { Retirement } from './retirement.js';
import { placeOf, type Spawner } from './spawner.js';

export class Replacement {
  readonly #members: Members;
  readonly #spawner: Spawner;
  readonly #retirement: Retirement;
  readonly #reserves: Reserves;
  /** Resolves when the last reload has ended. */
  #lastReload: Promise<void> = Promise.resolve();

  constructor(members: Members, spawner: Spawner, retirement: Retirement, reserves: Reserves) {
    this.#members = members;
    this.#spawner = spawner;
    this.#retirement = retirement;
    this.#reserves = reserves;
  }

  /**
   * Replaces all workers, one by one. One reload at a time: a thread that an earlier reload has just started
   * may already have loaded its modules, and the later reload has to replace it.
   */
  async reload(): Promise<void> {
    const reload = this.#lastReload.then(() => this.#reload());
    this.#lastReload = reload.catch(() => {});
    await reload;
  }

  /**
   * Replaces one worker, unless that is under way.
   * @param how whether the successor may wait for its turn; see `Reserves`
   * @throws NoWorkerError no successor can be started; then the worker goes on
   */
  async replace(member: Member, how: { mayWait: boolean } = { mayWait: false }): Promise<void> {
    // A caller of `add()` may wait for it, and its successor might be ready first.
    if (member.state === 'starting') await member.ready.promise.catch(() => {});
    if (member.state !== 'serving') return;
    const successor = this.#spawner.start(placeOf(member.worker), { replaces: member, ...how });
    try {
      await successor.ready.promise;
    } catch (error) {
      if (successor.state === 'failed') throw error;
      // It was removed, most likely together with the member: the caller wanted that.
      return;
    }
    await this.#retirement.retire(member);
  }

  async #reload(): Promise<void> {
    this.#spawner.circuit.retryNow();
    const lastId = this.#spawner.lastId;
    for (const member of [...this.#members.all()]) {
      // Its recycling may be under way.
      this.#reserves.dissolve();
      await this.#members.successorOf(member)?.ready.promise.catch(() => {});
      if (member.worker.id <= lastId) await this.replace(member);
    }
  }
}
