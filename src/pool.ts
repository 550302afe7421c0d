/** The set of workers: starts them, replaces those that die, changes their number. */
import { Admission, type AdmissionSetup } from './admission.js';
import type { Circuit } from './circuit.js';
import type { Dispatcher } from './dispatcher.js';
import { BalancerClosedError, NoWorkerError } from './errors.js';
import { type Member, makeMember } from './member.js';
import { type Place, Vacancies } from './places.js';
import type { ResultMessage } from './protocol.js';
import type { Request } from './request.js';
import { Roster } from './roster.js';
import type { ScalingLimits } from './scaling.js';
import { Spinners } from './spinners.js';
import { StartGate } from './start-gate.js';
import type { ThreadDeath } from './thread.js';
import { Worker, type WorkerEvents, type WorkerSetup } from './worker.js';

/** At the end nothing is left to run; a thread that some stray callback of a task keeps busy then is ended after this time, in ms. */
const LINGER_MS = 3_000;

/** What all workers of a pool have in common. */
export type PoolSetup = Omit<WorkerSetup, 'id' | 'label' | 'weight'>;

export interface PoolRules {
  /** A worker is replaced after that many requests. */
  readonly maxRequests: number;
  /** A worker is replaced when its heap is larger, in bytes. */
  readonly maxHeap: number;
  /** Whether requests are refused while the set is empty for good. */
  readonly failsWhenEmpty: boolean;
  /** What a fresh thread must pass beside coming up. */
  readonly check: AdmissionSetup | undefined;
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
  readonly #setup: PoolSetup;
  readonly #rules: PoolRules;
  readonly #dispatcher: Dispatcher;
  readonly #events: PoolEvents;
  readonly #starts = new StartGate();
  readonly #admission: Admission | undefined;
  readonly #members = new Roster();
  readonly #vacancies = new Vacancies();
  /** Between which the number of workers may change by itself. */
  readonly #range: { min: number; max: number };
  #lastId = 0;
  /** How many workers there should be. */
  #target: number;
  /** Nobody adds workers any more. */
  #closing = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #refusal: NoWorkerError | undefined;
  /** Ends when the last reload has. */
  #reloaded: Promise<void> = Promise.resolve();

  constructor(
    setup: PoolSetup,
    rules: PoolRules,
    range: ScalingLimits,
    dispatcher: Dispatcher,
    events: PoolEvents,
  ) {
    this.#setup = setup;
    this.#rules = rules;
    this.#range = { min: range.min, max: range.max };
    this.#target = range.min;
    this.#dispatcher = dispatcher;
    this.#events = events;
    this.#admission =
      rules.check && new Admission(rules.check, (worker, error) => this.#checked(worker, error));
    this.#fill();
  }

  /** Workers in the set, without those that are on their way out. */
  get size(): number {
    return this.#members.size;
  }

  get target(): number {
    return this.#target;
  }

  /** Between which the number of workers may change by itself; the same object always. */
  get range(): ScalingLimits {
    return this.#range;
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
    return this.#members.hasPlace(label) || this.#vacancies.has(label);
  }

  get circuit(): Circuit {
    return this.#starts.circuit;
  }

  /** Sets between which the number of workers may change. Resolves when new ones are ready and the others have ended. */
  async resize(range: ScalingLimits): Promise<void> {
    this.#range.min = range.min;
    this.#range.max = range.max;
    const leaving = this.scale(this.#target);
    const { circuit } = this.#starts;
    if (this.size < this.#target && !circuit.allows(performance.now())) throw noWorker(circuit.cause);
    const coming = [...this.#members.all()].filter((member) => !member.admitted && !member.leaving);
    await Promise.all([leaving, ...coming.map((member) => member.ready.promise)]);
  }

  /** Sets how many workers there should be, within the range. Resolves when the surplus ones have ended. */
  async scale(size: number): Promise<void> {
    this.#target = Math.min(Math.max(size, this.#range.min), this.#range.max);
    const leaving = this.#members.surplus(this.#target).flatMap((member) => this.#dismiss(member));
    this.#fill();
    await Promise.all(leaving);
  }

  /** Adds one worker of the given weight; resolves to its id when it is ready. */
  async add(weight: number): Promise<number> {
    const member = this.#start({ label: this.#freeLabel(), weight }, { isExtra: true });
    this.#moveRange(1);
    await member.ready.promise;
    return member.worker.id;
  }

  /** Removes a worker: it finishes what it has started. Resolves when its thread has ended; false: there is none. */
  async remove(id: number): Promise<boolean> {
    const member = this.#members.get(id);
    if (member === undefined || member.leaving) return false;
    this.#moveRange(-1);
    const leaving = this.#dismiss(member);
    this.#fill();
    await Promise.all(leaving);
    return true;
  }

  /**
   * Replaces all workers one by one: the new one is ready before the old one is retired. One reload at a time: a thread that
   * another has just started may have loaded its modules already.
   */
  async reload(): Promise<void> {
    const reloaded = this.#reloaded.then(() => this.#reload());
    this.#reloaded = reloaded.catch(() => {});
    await reloaded;
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
    if (!member.leaving) {
      member.leaving = true;
      if (!member.replaced) this.#vacancies.add(placeOf(worker), notBefore);
    }
    worker.state = 'ejected';
    this.#dispatcher.retire(worker);
    if (cause === undefined) worker.retire();
    else worker.terminate(cause);
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
    const linger = setTimeout(() => this.terminate(), LINGER_MS);
    await Promise.all([...this.#members.all()].map((member) => this.#retire(member)));
    clearTimeout(linger);
  }

  /** Ends all threads at once, and starts no more. */
  terminate(): void {
    this.#stop();
    for (const member of this.#members.all()) {
      member.leaving = true;
      member.worker.terminate();
    }
  }

  /** Looks whether a worker has done enough, or has grown too large; called now and then. */
  recycle(): void {
    const { maxRequests, maxHeap } = this.#rules;
    if (maxRequests === Number.POSITIVE_INFINITY && maxHeap === Number.POSITIVE_INFINITY) return;
    for (const member of [...this.#members.all()]) {
      if (member.leaving || member.replaced || member.worker.state !== 'ready') continue;
      if (member.worker.completed >= maxRequests || member.worker.heapUsed > maxHeap) {
        // If no other can be started it goes on; it will be tried again.
        this.#replace(member).catch(() => {});
      }
    }
  }

  completed(
    worker: Worker,
    request: Request,
    runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void {
    if (worker.state === 'checking') this.#admission?.completed(worker, message);
    else this.#dispatcher.completed(worker, request, runTime, value, message);
  }

  woken(): void {
    this.#dispatcher.woken();
  }

  ready(worker: Worker): void {
    const member = this.#members.get(worker.id) as Member;
    if (this.#closed || member.leaving) return;
    if (this.#admission === undefined) {
      this.#admit(member);
      return;
    }
    worker.state = 'checking';
    this.#dispatcher.watch(worker);
    this.#admission.begin(worker);
  }

  died(worker: Worker, death: ThreadDeath): void {
    const member = this.#members.get(worker.id) as Member;
    const isExpected = member.leaving || worker.terminated;
    this.#members.delete(member);
    new Spinners(this.#setup.spinners).leave(worker.id);
    this.#admission?.forget(worker);
    this.#dispatcher.died(worker, death);
    member.ended.resolve();
    if (!member.admitted) this.#startFailed(member, death);
    else if (worker.completed > 0) this.#starts.worked();
    else if (!isExpected) this.#starts.crashed(performance.now());
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
    if (member.replaces !== undefined) void this.#retire(member.replaces);
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
    if (member.isExtra && !member.admitted) this.#moveRange(-1);
    else this.#vacancies.add(placeOf(worker));
  }

  /** Starts what is missing, as far as the circuit and the backoff allow. */
  #fill(): void {
    if (this.#closed) return;
    this.#vacancies.keep(this.#target - this.size);
    for (;;) {
      const now = performance.now();
      if (this.size + this.#vacancies.held(now) >= this.#target) break;
      if (!this.#starts.allows(now)) break;
      this.#start(this.#vacancies.take(now) ?? { label: this.#freeLabel(), weight: 1 });
    }
    this.#fillLater();
    this.#noteHope();
  }

  #fillLater(): void {
    clearTimeout(this.#retry);
    const now = performance.now();
    const missing = this.#target - this.size;
    if (missing <= 0) return;
    let at = this.#vacancies.nextAfter(now);
    if (missing > this.#vacancies.held(now)) at = Math.min(at, this.#starts.nextAt);
    if (at === Number.POSITIVE_INFINITY) return;
    // What waits in the queue keeps the process alive; with nothing waiting nobody needs the worker.
    this.#retry = setTimeout(() => this.#fill(), Math.max(1, Math.ceil(at - now)));
    this.#retry.unref();
  }

  /** Whether there is hope for a request that waits. */
  #noteHope(): void {
    let error: NoWorkerError | undefined;
    if (!this.#members.hasWorking) {
      const { circuit } = this.#starts;
      if (circuit.state !== 'closed') error = noWorker(circuit.cause);
      else if (this.#range.max === 0 && (this.#rules.failsWhenEmpty || this.#closing)) error = emptySet();
    }
    if ((error === undefined) === (this.#refusal === undefined)) return;
    this.#refusal = error;
    this.#events.refusing(error);
  }

  #start(place: Place, how: { replaces?: Member; isExtra?: boolean } = {}): Member {
    if (this.#closed) throw new BalancerClosedError('the Balancer is closed');
    const { circuit } = this.#starts;
    const now = performance.now();
    if (!circuit.allows(now)) throw noWorker(circuit.cause);
    const attempt = circuit.begin(now);
    const id = ++this.#lastId;
    const worker = new Worker({ ...this.#setup, id, label: place.label, weight: place.weight }, this);
    const member = makeMember(worker, attempt, how);
    this.#members.add(member);
    return member;
  }

  /** The lowest number that no place has. */
  #freeLabel(): string {
    let label = 1;
    while (this.#members.hasLabel(String(label)) || this.#vacancies.has(String(label))) label++;
    return String(label);
  }

  #moveRange(by: 1 | -1): void {
    this.#range.min = Math.max(0, this.#range.min + by);
    this.#range.max = Math.max(0, this.#range.max + by);
    this.#target = Math.max(0, this.#target + by);
  }

  /** Retires a worker together with those that are to take its place, or whose place it is to take. */
  #dismiss(member: Member): Promise<void>[] {
    return this.#members.chain(member).map((one) => this.#retire(one));
  }

  #retire(member: Member): Promise<void> {
    if (!member.leaving) {
      member.leaving = true;
      const { worker } = member;
      // One that died while its successor was starting is dead, and must not look as if it drained.
      if (worker.state === 'dead') return member.ended.promise;
      if (!member.admitted) worker.terminate();
      else {
        worker.state = 'draining';
        this.#dispatcher.retire(worker);
        // With open sessions it stays until the last of them is closed.
        if (worker.sessions === 0 || this.#closed) worker.retire();
      }
    }
    return member.ended.promise;
  }

  async #reload(): Promise<void> {
    const last = this.#lastId;
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
      fresh = this.#start(placeOf(member.worker), { replaces: member });
      await fresh.ready.promise;
    } catch (error) {
      member.replaced = false;
      // Somebody has removed the worker meanwhile, and its successor with it.
      if (fresh?.leaving) return;
      throw error;
    }
    await this.#retire(member);
  }

  #stop(): void {
    this.#closed = true;
    this.#target = 0;
    clearTimeout(this.#retry);
  }
}

function placeOf(worker: Worker): Place {
  return { label: worker.view.label, weight: worker.view.weight };
}

function emptySet(): NoWorkerError {
  return new NoWorkerError('the set of workers is empty: add one by balancer.add() or balancer.resize()');
}

/** Which flag of Node's permission model is missing: Node 20 itself only says that access is restricted. */
function permissionHint(cause: unknown): string {
  const { code, permission, resource } = (cause ?? {}) as Record<string, unknown>;
  if (code !== 'ERR_ACCESS_DENIED') return '';
  if (permission === 'WorkerThreads') return ' (start Node with --allow-worker)';
  return permission === 'FileSystemRead' ? ` (start Node with --allow-fs-read=${resource})` : '';
}

function noWorker(cause: unknown): NoWorkerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new NoWorkerError(`no worker can be started: ${why}${permissionHint(cause)}`, { cause });
}
