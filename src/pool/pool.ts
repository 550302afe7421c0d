/** The set of workers: who is in it, and what becomes of each as its thread comes up and ends. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import { BalancerClosedError, NoWorkerError } from '../errors/errors.js';
import type { ResultMessage } from '../protocol/messages.js';
import { SpinPermits } from '../protocol/spin-permits.js';
import type { Request } from '../requests/request.js';
import type { ThreadDeath } from '../worker/thread.js';
import type { Worker, WorkerEvents } from '../worker/worker.js';
import { Availability, noWorker } from './availability.js';
import type { Circuit } from './circuit.js';
import type { Member } from './member.js';
import { Members } from './members.js';
import { Replacement } from './replacement.js';
import { Retirement } from './retirement.js';
import type { ScalingLimits } from './scaler.js';
import { Size } from './size.js';
import { type PoolSetup, Spawner } from './spawner.js';
import { StartupCheck, type StartupCheckSetup } from './startup-check.js';

export interface PoolRules {
  /** A worker is replaced after that many requests. */
  readonly maxRequests: number;
  /** A worker is replaced when its heap is larger, in bytes. */
  readonly maxHeap: number;
  /** Whether requests are refused while the set is empty for good. */
  readonly failsWhenEmpty: boolean;
  /** What a fresh thread must pass beside coming up. */
  readonly check: StartupCheckSetup | undefined;
}

/** Whom the pool tells. */
export interface PoolEvents {
  /** A worker may get requests from now on. */
  started(worker: Worker): void;
  /** A thread has ended; `expected` where the pool ended it. */
  ended(id: number, exitCode: number | undefined, cause: unknown, expected: boolean): void;
  /** No worker runs and none can be started, for this reason; `undefined`: that is over. */
  refusing(error: NoWorkerError | undefined): void;
}

export class Pool implements WorkerEvents {
  readonly #rules: PoolRules;
  readonly #dispatcher: Dispatcher;
  readonly #events: PoolEvents;
  readonly #spinPermits: SpinPermits;
  readonly #members = new Members();
  readonly #spawner: Spawner;
  readonly #startupCheck: StartupCheck | undefined;
  readonly #retirement: Retirement;
  readonly #replacement: Replacement;
  readonly #availability: Availability;
  readonly #size: Size;
  /** Nobody adds workers any more. */
  #closing = false;
  #closed = false;

  constructor(
    setup: PoolSetup,
    rules: PoolRules,
    range: ScalingLimits,
    dispatcher: Dispatcher,
    events: PoolEvents,
  ) {
    this.#rules = rules;
    this.#size = new Size(range);
    this.#dispatcher = dispatcher;
    this.#events = events;
    this.#spinPermits = new SpinPermits(setup.spinners);
    this.#availability = new Availability((error) => events.refusing(error));
    this.#spawner = new Spawner(setup, this.#members, this, () => this.#fill());
    this.#retirement = new Retirement(this.#members, dispatcher);
    this.#replacement = new Replacement(this.#members, this.#spawner, this.#retirement);
    this.#startupCheck =
      rules.check && new StartupCheck(rules.check, (worker, error) => this.#checked(worker, error));
    this.#fill();
  }

  /** Workers in the set, without those that are on their way out. */
  get size(): number {
    return this.#members.size;
  }

  get target(): number {
    return this.#size.target;
  }

  /** Between which the number of workers may change by itself; the same object always. */
  get range(): ScalingLimits {
    return this.#size.range;
  }

  /** Workers that get no requests yet. */
  get starting(): number {
    return this.#members.starting;
  }

  /** All workers, also those that start or drain. */
  *workers(): Generator<Worker> {
    for (const { worker } of this.#members.all()) yield worker;
  }

  worker(id: number): Worker | undefined {
    return this.#members.get(id)?.worker;
  }

  /** Whether a worker has the place of that label, or is to have it. */
  hasPlace(label: string): boolean {
    return this.#members.hasPlace(label) || this.#spawner.isVacant(label);
  }

  get circuit(): Circuit {
    return this.#spawner.circuit;
  }

  /** Sets between which the number of workers may change. Resolves when new ones are ready and the others have ended. */
  async resize(range: ScalingLimits): Promise<void> {
    this.#size.limit(range);
    const leaving = this.scale(this.target);
    if (this.size < this.target) this.#spawner.mustAllow();
    const coming = [...this.#members.all()].filter((member) => !member.admitted && !member.leaving);
    await Promise.all([leaving, ...coming.map((member) => member.ready.promise)]);
  }

  /** Sets how many workers there should be, within the range. Resolves when the surplus ones have ended. */
  async scale(size: number): Promise<void> {
    this.#size.aim(size);
    const leaving = this.#members
      .surplus(this.target)
      .flatMap((member) => this.#retirement.retireChain(member));
    this.#fill();
    await Promise.all(leaving);
  }

  /** Adds one worker of the given weight; resolves to its id when it is ready. */
  async add(weight: number): Promise<number> {
    const member = this.#spawner.start(this.#spawner.newPlace(weight), { isExtra: true });
    this.#size.move(1);
    await member.ready.promise;
    return member.worker.id;
  }

  /** Removes a worker: it finishes what it has started. Resolves when its thread has ended; false: there is none. */
  async remove(id: number): Promise<boolean> {
    const member = this.#members.get(id);
    if (member === undefined || member.leaving) return false;
    this.#mustNotEmpty(member);
    this.#size.move(-1);
    const leaving = this.#retirement.retireChain(member);
    this.#fill();
    await Promise.all(leaving);
    return true;
  }

  /** Replaces all workers one by one. */
  async reload(): Promise<void> {
    await this.#replacement.reload();
  }

  /**
   * Takes a worker out at once: what it has not started runs elsewhere, its sessions move, and a fresh one takes its place.
   *
   * @param notBefore when that one may be started, in ms; 0: at once
   * @param cause ends its thread at once, for this reason; `undefined`: when the running request is over
   */
  eject(worker: Worker, notBefore: number, cause: Error | undefined): void {
    const member = this.#members.get(worker.id);
    if (member === undefined) return;
    if (!member.leaving && !member.replaced) this.#spawner.vacate(worker, notBefore);
    this.#retirement.eject(member, cause);
    this.#fill();
  }

  /** Nobody adds workers any more: what waits for an empty set waits in vain. */
  beginClose(): void {
    this.#closing = true;
    this.#noteHope();
  }

  /** Ends all threads: those that idle by themselves, those that start or run at once. Resolves when all have ended. */
  async close(): Promise<void> {
    this.#stop();
    await this.#retirement.retireAll();
  }

  /** Ends all threads at once, and starts no more. */
  terminate(): void {
    this.#stop();
    this.#retirement.terminateAll();
  }

  /** Looks whether a worker has done enough, or has grown too large; called now and then. */
  recycle(): void {
    const { maxRequests, maxHeap } = this.#rules;
    if (maxRequests === Number.POSITIVE_INFINITY && maxHeap === Number.POSITIVE_INFINITY) return;
    this.#replacement.recycle(maxRequests, maxHeap);
  }

  completed(
    worker: Worker,
    request: Request,
    runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void {
    if (worker.state === 'checking') this.#startupCheck?.completed(worker, message);
    else this.#dispatcher.completed(worker, request, runTime, value, message);
  }

  answered(worker: Worker): void {
    this.#dispatcher.answered(worker);
  }

  woken(): void {
    this.#dispatcher.woken();
  }

  ready(worker: Worker): void {
    const member = this.#members.get(worker.id) as Member;
    if (this.#closed || member.leaving) return;
    if (this.#startupCheck === undefined) {
      this.#admit(member);
      return;
    }
    worker.state = 'checking';
    this.#dispatcher.watch(worker);
    this.#startupCheck.begin(worker);
  }

  died(worker: Worker, death: ThreadDeath): void {
    const member = this.#members.get(worker.id) as Member;
    const isExpected = member.leaving || worker.terminated;
    this.#members.delete(member);
    this.#spinPermits.leave(worker.id);
    this.#startupCheck?.forget(worker);
    this.#dispatcher.died(worker, death);
    member.ended.resolve();
    if (!member.admitted) this.#startFailed(member, death);
    else this.#spawner.ended(worker, isExpected);
    this.#vacate(member);
    this.#events.ended(worker.id, death.exitCode, death.cause, isExpected);
    this.#fill();
  }

  #checked(worker: Worker, error: Error | undefined): void {
    const member = this.#members.get(worker.id);
    if (this.#closed || member === undefined || member.leaving) return;
    if (error === undefined) this.#admit(member);
    else worker.terminate(error);
  }

  #admit(member: Member): void {
    const { worker } = member;
    member.attempt.succeeded();
    // The old one leaves first: the two have one label, and a policy that hashes knows workers by it.
    if (member.replaces !== undefined) void this.#retirement.retire(member.replaces);
    member.admitted = true;
    worker.state = 'ready';
    // Its check is not one of the requests.
    worker.completed = 0;
    worker.busyTime = 0;
    this.#noteHope();
    this.#dispatcher.add(worker);
    this.#events.started(worker);
    member.ready.resolve();
    this.#fill();
  }

  #startFailed(member: Member, death: ThreadDeath): void {
    const cause =
      death.cause ?? new Error(`the thread ended with exit code ${death.exitCode} before it was ready`);
    if (member.replaces !== undefined) member.replaces.replaced = false;
    if (member.leaving) {
      member.attempt.abandoned();
      member.ready.reject(
        this.#closing || this.#closed
          ? new BalancerClosedError()
          : new NoWorkerError(`worker ${member.worker.id} was removed before it was ready`),
      );
      return;
    }
    member.attempt.failed(performance.now(), cause);
    member.ready.reject(noWorker(cause));
  }

  /** What becomes of the place of one that has died. */
  #vacate(member: Member): void {
    const { replaces, worker } = member;
    if (member.leaving || member.replaced) return;
    if (replaces !== undefined && !replaces.leaving && this.#members.has(replaces.worker.id)) return;
    if (member.isExtra && !member.admitted) this.#size.move(-1);
    else this.#spawner.vacate(worker);
  }

  /** Starts what is missing, as far as it may be. */
  #fill(): void {
    if (this.#closed) return;
    this.#spawner.fill(this.target);
    this.#noteHope();
  }

  #noteHope(): void {
    const staysEmpty = this.range.max === 0 && (this.#rules.failsWhenEmpty || this.#closing);
    this.#availability.look(this.#members.hasWorking, this.circuit, staysEmpty);
  }

  /**
   * One that is being replaced goes together with the one that comes in its place, and the caller sees two workers there. So if they are
   * the only ones he means to keep one of them.
   */
  #mustNotEmpty(member: Member): void {
    const pair = this.#members.chain(member);
    if (pair.length < 2 || this.range.max > 1) return;
    const ids = pair.map(({ worker }) => worker.id).sort((a, b) => a - b);
    throw new NoWorkerError(
      `worker ${member.worker.id} cannot be removed now: of the workers ${ids.join(' and ')} one is just taking the place of the other, and nobody else would be left; wait until only one of them is there`,
    );
  }

  #stop(): void {
    this.#closed = true;
    this.#size.end();
    this.#spawner.stop();
  }
}
