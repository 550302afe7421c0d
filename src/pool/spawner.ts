/** Starts workers: each in a place that has lost its worker, or in a new one, and when that may be. */

import { BalancerClosedError } from '../errors/errors.js';
import { MOST_MS } from '../options/validate.js';
import { Worker, type WorkerEvents, type WorkerSetup } from '../worker/worker.js';
import { noWorker } from './availability.js';
import type { Circuit } from './circuit.js';
import { type Member, makeMember } from './member.js';
import type { Members } from './members.js';
import { StartThrottle } from './start-throttle.js';
import { type Place, Vacancies } from './vacancies.js';

/** What all workers of a pool have in common. */
export type PoolSetup = Omit<WorkerSetup, 'id' | 'label' | 'weight' | 'isAwaited'>;

export class Spawner {
  readonly #setup: PoolSetup;
  readonly #members: Members;
  readonly #events: WorkerEvents;
  readonly #again: () => void;
  readonly #gate = new StartThrottle();
  readonly #vacancies = new Vacancies();
  #lastId = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param members where those that are started are entered
   * @param again called when `fill` may start what it could not before
   */
  constructor(setup: PoolSetup, members: Members, events: WorkerEvents, again: () => void) {
    this.#setup = setup;
    this.#members = members;
    this.#events = events;
    this.#again = again;
  }

  get circuit(): Circuit {
    return this.#gate.circuit;
  }

  /** Id of the youngest worker. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Whether the place of that label is vacant, and to be filled. */
  isVacant(label: string): boolean {
    return this.#vacancies.has(label);
  }

  /** The worker's place is to be filled, not before that time, in ms; 0: at once. */
  vacate(worker: Worker, notBefore = 0): void {
    this.#vacancies.add(placeOf(worker), notBefore);
  }

  /**
   * Starts one now, also where `fill` would wait after crashes.
   * @throws NoWorkerError while starts fail
   * @throws BalancerClosedError
   */
  start(place: Place, how: { replaces?: Member; isExtra?: boolean } = {}): Member {
    if (this.#stopped) throw new BalancerClosedError('the Balancer is closed');
    this.mustAllow();
    const attempt = this.circuit.begin(performance.now());
    const id = ++this.#lastId;
    const { label, weight } = place;
    const isAwaited = ![...this.#members.all()].some(({ worker: other }) => other.state === 'ready');
    const worker = new Worker({ ...this.#setup, id, label, weight, isAwaited }, this.#events);
    const member = makeMember(worker, attempt, how);
    this.#members.add(member);
    return member;
  }

  /** @throws NoWorkerError while starts fail */
  mustAllow(): void {
    if (!this.circuit.allows(performance.now())) throw noWorker(this.circuit.cause);
  }

  /** Starts what is missing to the target, as far as the circuit and the backoff allow; the rest later. */
  fill(target: number): void {
    this.#vacancies.keep(target - this.#members.size);
    for (;;) {
      const now = performance.now();
      if (this.#members.size + this.#vacancies.held(now) >= target) break;
      if (!this.#gate.allows(now)) break;
      this.start(this.#vacancies.take(now) ?? this.newPlace(1));
    }
    this.#fillLater(target);
  }

  /** A place with the lowest number that no other has. */
  newPlace(weight: number): Place {
    let label = 1;
    while (this.#members.hasLabel(String(label)) || this.isVacant(String(label))) label++;
    return { label: String(label), weight };
  }

  /** A worker that was ready has ended: whether it had done anything decides how soon the next one is started. */
  ended(worker: Worker, isExpected: boolean): void {
    if (worker.completed > 0) this.#gate.worked();
    else if (!isExpected) this.#gate.crashed(performance.now());
  }

  /** Starts no more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #fillLater(target: number): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const missing = target - this.#members.size;
    if (missing <= 0) return;
    let at = this.#vacancies.nextAfter(now);
    if (missing > this.#vacancies.held(now)) at = Math.min(at, this.#gate.nextAt);
    if (at === Number.POSITIVE_INFINITY) return;
    // What waits in the queue keeps the process alive; with nothing waiting nobody needs the worker.
    this.#timer = setTimeout(this.#again, Math.min(MOST_MS, Math.max(1, Math.ceil(at - now))));
    this.#timer.unref();
  }
}

/** What a worker hands on to the one that takes its place. */
export function placeOf(worker: Worker): Place {
  return { label: worker.view.label, weight: worker.view.weight };
}
