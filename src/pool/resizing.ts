/** Changes of the size of the set that are asked for: by the caller, or by `Autoscaling`. */
import { NoWorkerError } from '../errors/errors.js';
import type { Member } from './member.js';
import type { Members } from './members.js';
import type { Reserves } from './reserves.js';
import type { Retirement } from './retirement.js';
import type { ScalingLimits } from './scaler.js';
import type { Size } from './size.js';
import type { Spawner } from './spawner.js';

export class Resizing {
  readonly #size: Size;
  readonly #members: Members;
  readonly #spawner: Spawner;
  readonly #retirement: Retirement;
  readonly #reserves: Reserves;
  readonly #fill: () => void;

  /** @param fill starts the missing workers, and reports whether requests can wait */
  constructor(
    size: Size,
    members: Members,
    spawner: Spawner,
    retirement: Retirement,
    reserves: Reserves,
    fill: () => void,
  ) {
    this.#size = size;
    this.#members = members;
    this.#spawner = spawner;
    this.#retirement = retirement;
    this.#reserves = reserves;
    this.#fill = fill;
  }

  /**
   * Sets the limits of the number of workers. Resolves when new ones are ready and the surplus ones have
   * ended.
   */
  async resize(range: ScalingLimits): Promise<void> {
    this.#size.limit(range);
    const leaving = this.scale(this.#size.target);
    if (this.#members.size < this.#size.target) this.#spawner.mustAllow();
    const starting = [...this.#members.all()].filter(({ state }) => state === 'starting');
    await Promise.all([leaving, ...starting.map((member) => member.ready.promise)]);
  }

  /** Sets the number of workers, within the limits. Resolves when the surplus ones have ended. */
  async scale(size: number): Promise<void> {
    this.#size.aim(size);
    this.#reserves.dissolve();
    const leaving = this.#members
      .surplus(this.#size.target)
      .flatMap((member) => this.#retirement.retireChain(member));
    this.#fill();
    await Promise.all(leaving);
  }

  /** Adds one worker of the given weight; resolves to its id when it is ready. */
  async add(weight: number): Promise<number> {
    const place = this.#spawner.newPlace(weight, this.#size.target + 1);
    const member = this.#spawner.start(place, { isExtra: true });
    this.#size.move(1);
    this.#fill();
    await member.ready.promise;
    return member.worker.id;
  }

  /**
   * Removes a worker: it finishes what it has started. Resolves when its thread has ended; to false if there
   * is none.
   */
  async remove(id: number): Promise<boolean> {
    const member = this.#members.get(id);
    if (!member?.isStaying) return false;
    this.#mustNotEmpty(member);
    this.#reserves.dissolve();
    this.#size.move(-1);
    const leaving = this.#retirement.retireChain(member);
    this.#fill();
    await Promise.all(leaving);
    return true;
  }

  /**
   * A worker that is being replaced is removed together with its successor, while the caller sees two
   * workers. So if the set has no others, he means to keep one of them.
   */
  #mustNotEmpty(member: Member): void {
    const pair = this.#members.chain(member);
    if (pair.length < 2 || this.#size.range.max > 1) return;
    const ids = pair.map(({ worker }) => worker.id).sort((a, b) => a - b);
    throw new NoWorkerError(
      `worker ${member.worker.id} cannot be removed now: of the workers ${ids.join(' and ')} one is just taking the place of the other, and nobody else would be left; wait until only one of them is there`,
    );
  }
}
