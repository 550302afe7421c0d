/** Starts workers, each in a vacant place or in a new one, as soon as circuit and backoff allow. */

import { BalancerClosedError, NoWorkerError } from '../errors/errors.js';
import { MOST_MS } from '../options/validate.js';
import { performance } from '../protocol/clock.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import type { LifecycleEvents, RequestEvents } from '../worker/events.js';
import type { WorkerSetup } from '../worker/setup.js';
import { Worker } from '../worker/worker.js';
import { noWorker } from './availability.js';
import type { Circuit } from './circuit.js';
import type { HeadStart } from './head-start.js';
import { Member } from './member.js';
import type { Members } from './members.js';
import { StartThrottle } from './start-throttle.js';
import { type Place, Vacancies } from './vacancies.js';

/** The setup that all workers of a pool share. */
export type PoolSetup = Omit<
  WorkerSetup,
  'id' | 'label' | 'weight' | 'slot' | 'restarts' | 'isAwaited' | 'launch' | 'launched'
>;

export class Spawner {
  readonly #setup: PoolSetup;
  readonly #headStart: HeadStart;
  readonly #members: Members;
  readonly #requestEvents: RequestEvents<Worker>;
  readonly #lifecycleEvents: LifecycleEvents<Worker>;
  readonly #retry: () => void;
  readonly #throttle = new StartThrottle();
  readonly #vacancies = new Vacancies();
  /** Threads started in each place, by its label. */
  readonly #starts = new Map<string, number>();
  #lastId = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param members the started workers are entered here
   * @param retry called when `fill` may start workers that it could not start before
   */
  constructor(
    setup: PoolSetup,
    headStart: HeadStart,
    members: Members,
    requestEvents: RequestEvents<Worker>,
    lifecycleEvents: LifecycleEvents<Worker>,
    retry: () => void,
  ) {
    this.#setup = setup;
    this.#headStart = headStart;
    this.#members = members;
    this.#requestEvents = requestEvents;
    this.#lifecycleEvents = lifecycleEvents;
    this.#retry = retry;
  }

  get circuit(): Circuit {
    return this.#throttle.circuit;
  }

  /** Id of the youngest worker. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Whether the place of that label is vacant and will be filled. */
  isVacant(label: string): boolean {
    return this.#vacancies.has(label);
  }

  /** The worker leaves its place, which is to be filled again. @param notBefore in ms; 0: at once */
  vacate(worker: Worker, notBefore = 0): void {
    this.#vacancies.add(placeOf(worker), notBefore);
  }

  /**
   * Starts a worker now, even where `fill` would wait after crashes.
   * @throws NoWorkerError while starts fail, or if this one does at once
   * @throws BalancerClosedError
   */
  start(place: Place, how?: { replaces: Member; mayWait: boolean } | { isExtra: true }): Member {
    if (this.#stopped) throw new BalancerClosedError('the Balancer is closed');
    this.mustAllow();
    const attempt = this.circuit.begin(performance.now());
    const id = ++this.#lastId;
    const { label, weight, slot } = place;
    const isAwaited = ![...this.#members.all()].some(
      ({ worker: other }) => other.state === 'ready' && other.status.allowance > 0,
    );
    const restarts = this.#starts.get(label) ?? 0;
    this.#starts.set(label, restarts + 1);
    const launched = this.#headStart.take({ id, slot, isAwaited });
    const { settings } = this.#headStart;
    const setup = {
      ...this.#setup,
      id,
      label,
      weight,
      slot,
      restarts,
      isAwaited,
      launch: settings,
      launched,
    };
    let worker: Worker;
    try {
      worker = new Worker(setup, this.#requestEvents, this.#lifecycleEvents);
    } catch (cause) {
      attempt.failed(performance.now(), cause);
      throw noWorker(cause);
    }
    const member = new Member(worker, attempt, { replaces: undefined, isExtra: false, ...how });
    this.#members.add(member);
    return member;
  }

  /** Whether `fill` would start one now. */
  mayStart(now: number): boolean {
    return !this.#stopped && this.#throttle.allows(now);
  }

  /** @throws NoWorkerError while starts fail */
  mustAllow(): void {
    if (!this.circuit.allows(performance.now())) throw noWorker(this.circuit.cause);
  }

  /**
   * Starts the workers that are missing to the target, as far as circuit and backoff allow; the others later.
   */
  fill(target: number): void {
    this.#vacancies.keep(target - this.#members.size);
    for (;;) {
      const now = performance.now();
      if (this.#members.size + this.#vacancies.reserved(now) >= target) break;
      if (!this.#throttle.allows(now)) break;
      if (!this.#startIn(this.#vacancies.take(now) ?? this.newPlace(1, target))) break;
    }
    this.#fillLater(target);
  }

  /**
   * @returns whether that was possible. There may be no memory for it: the place stays vacant then, since an
   *   error would leave the set a worker short, and those who wait for what had the place filled
   */
  #startIn(place: Place): boolean {
    try {
      this.start(place);
      return true;
    } catch (error) {
      if (!(error instanceof NoWorkerError)) throw error;
      this.#vacancies.add(place, 0);
      return false;
    }
  }

  /**
   * A place whose label is the lowest free number.
   * @param size how many places there will be, with this one
   */
  newPlace(weight: number, size: number): Place {
    let label = 1;
    while (this.#members.hasLabel(String(label)) || this.isVacant(String(label))) label++;
    return { label: String(label), weight, slot: this.#freeSlot(size) };
  }

  /**
   * The lowest slot of no other place. One that nobody uses, not even a worker that leaves, if it is below
   * `size`.
   */
  #freeSlot(size: number): number {
    const isFree = (slot: number) => !this.#members.hasSlot(slot) && !this.#vacancies.hasSlot(slot);
    let first: number | undefined;
    for (let slot = 0; first === undefined || slot < size; slot++) {
      if (!isFree(slot)) continue;
      if (slot < size && !this.#members.isLeavingSlot(slot)) return slot;
      first ??= slot;
    }
    return first;
  }

  /**
   * A worker that was ready has ended. Only if it had begun no request, and was not to end, the next one has
   * to wait: else requests that kill their threads would hold up all others.
   */
  ended(hasBegunRequest: boolean, isExpected: boolean): void {
    if (hasBegunRequest) this.#throttle.worked();
    else if (!isExpected) this.#throttle.crashed(performance.now());
  }

  /** Starts no more workers. */
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
    if (missing > this.#vacancies.reserved(now)) at = Math.min(at, this.#throttle.nextAt);
    if (at === Number.POSITIVE_INFINITY) return;
    // Waiting requests keep the process alive; without any, no worker is needed.
    this.#timer = setTimeout(this.#retry, Math.min(MOST_MS, Math.max(1, Math.ceil(at - now))));
    this.#timer.unref();
  }
}

/** The place that a worker hands on to its successor. */
export function placeOf(worker: Worker): Place {
  return { label: worker.view.label, weight: worker.view.weight, slot: worker.slot };
}
