/** The set of workers: starts them, replaces those that die, changes their number. */
import { BACKOFF_DEFAULTS, Backoff } from './backoff.js';
import { CIRCUIT_THRESHOLD_DEFAULT, Circuit, type StartAttempt } from './circuit.js';
import type { Dispatcher } from './dispatcher.js';
import { BalancerClosedError, NoWorkerError } from './errors.js';
import type { ResultMessage } from './protocol.js';
import type { Request } from './request.js';
import { Spinners } from './spinners.js';
import type { ThreadDeath } from './thread.js';
import { Worker, type WorkerEvents, type WorkerSetup } from './worker.js';

/** What all workers of a pool have in common. */
export type PoolSetup = Omit<WorkerSetup, 'id' | 'label' | 'weight'>;

export interface PoolLimits {
  readonly maxRequests: number;
  readonly maxHeap: number;
}

/** Whom the pool tells. */
export interface PoolEvents {
  started(id: number): void;
  /** A thread has ended; `expected` where the pool ended it. */
  ended(id: number, exitCode: number | undefined, cause: unknown, expected: boolean): void;
  /** No worker runs and none can be started, for this reason; `undefined`: that is over. */
  refusing(error: NoWorkerError | undefined): void;
}

/** One place in the set, which a worker holds. */
interface Member {
  readonly worker: Worker;
  readonly attempt: StartAttempt;
  /** Resolves when it is ready, rejects when it died before. */
  readonly ready: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<void>;
  /** Its death is wanted, so nobody takes its place. */
  leaving: boolean;
  /** Another is being started in its place. */
  replaced: boolean;
  /** The one whose place it takes when it is ready. */
  readonly replaces: Member | undefined;
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export class Pool implements WorkerEvents {
  readonly #setup: PoolSetup;
  readonly #limits: PoolLimits;
  readonly #dispatcher: Dispatcher;
  readonly #events: PoolEvents;
  readonly #circuit: Circuit;
  /** Slows down restarts of workers that die before they have completed anything. */
  readonly #crashes: Backoff;
  readonly #members = new Map<number, Member>();
  #lastId = 0;
  /** How many workers there should be. */
  #target: number;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #notBefore = 0;
  #refusal: NoWorkerError | undefined;

  constructor(
    setup: PoolSetup,
    limits: PoolLimits,
    size: number,
    dispatcher: Dispatcher,
    events: PoolEvents,
  ) {
    this.#setup = setup;
    this.#limits = limits;
    this.#target = size;
    this.#dispatcher = dispatcher;
    this.#events = events;
    this.#circuit = new Circuit(CIRCUIT_THRESHOLD_DEFAULT, new Backoff(BACKOFF_DEFAULTS, Math.random));
    this.#crashes = new Backoff({ ...BACKOFF_DEFAULTS, initial: 20, max: 5_000 }, Math.random);
    this.#fill();
  }

  /** Workers in the set, without those that are on their way out. */
  get size(): number {
    let size = 0;
    for (const member of this.#members.values()) if (!member.leaving && !member.replaced) size++;
    return size;
  }

  get target(): number {
    return this.#target;
  }

  get starting(): number {
    let starting = 0;
    for (const { worker, leaving } of this.#members.values()) {
      if (worker.state === 'starting' && !leaving) starting++;
    }
    return starting;
  }

  /** All workers, also those that start or drain. */
  *workers(): Generator<Worker> {
    for (const { worker } of this.#members.values()) yield worker;
  }

  worker(id: number): Worker | undefined {
    return this.#members.get(id)?.worker;
  }

  get circuit(): Circuit {
    return this.#circuit;
  }

  /** Sets how many workers there should be. Resolves when the new ones are ready and the others have ended. */
  async resize(size: number): Promise<void> {
    this.#target = size;
    const leaving = this.#surplus().map((member) => this.#retire(member));
    this.#fill();
    const coming = [...this.#members.values()].filter((member) => member.worker.state === 'starting');
    await Promise.all([...leaving, ...coming.map((member) => member.ready.promise)]);
  }

  /** Adds one worker of the given weight; resolves to its id when it is ready. */
  async add(weight: number): Promise<number> {
    this.#target++;
    const member = this.#start(weight);
    await member.ready.promise;
    return member.worker.id;
  }

  /** Removes a worker: it finishes what it has started. Resolves when its thread has ended; false: there is none. */
  async remove(id: number): Promise<boolean> {
    const member = this.#members.get(id);
    if (member === undefined || member.leaving) return false;
    this.#target--;
    await this.#retire(member);
    return true;
  }

  /** Replaces all workers one by one: the new one is ready before the old one is retired. */
  async reload(): Promise<void> {
    for (const member of [...this.#members.values()]) {
      if (!member.leaving) await this.#replace(member);
    }
  }

  /** Replaces a worker by a fresh one of the same weight. */
  async renew(id: number): Promise<void> {
    const member = this.#members.get(id);
    if (member !== undefined && !member.leaving) await this.#replace(member);
  }

  /** Ends all threads: those that idle by themselves, those that start or run at once. Resolves when all have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#target = 0;
    await Promise.all(
      [...this.#members.values()].map((member) => {
        if (member.worker.state === 'starting') {
          member.leaving = true;
          member.worker.terminate();
          return member.ended.promise;
        }
        return this.#retire(member);
      }),
    );
  }

  /** Ends all threads at once, and starts no more. */
  terminate(): void {
    this.#closed = true;
    this.#target = 0;
    clearTimeout(this.#retry);
    for (const member of this.#members.values()) {
      member.leaving = true;
      member.worker.terminate();
    }
  }

  /** Looks whether a worker has done enough, or has grown too large; called now and then. */
  recycle(): void {
    const { maxRequests, maxHeap } = this.#limits;
    if (maxRequests === Number.POSITIVE_INFINITY && maxHeap === Number.POSITIVE_INFINITY) return;
    for (const member of [...this.#members.values()]) {
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
    this.#dispatcher.completed(worker, request, runTime, value, message);
  }

  woken(): void {
    this.#dispatcher.woken();
  }

  ready(worker: Worker): void {
    const member = this.#members.get(worker.id) as Member;
    member.attempt.succeeded();
    if (this.#closed) return;
    this.#refuse(undefined);
    // The old one leaves first: the two have one label, and a policy that hashes knows workers by it.
    if (member.replaces !== undefined) void this.#retire(member.replaces);
    this.#dispatcher.add(worker);
    this.#events.started(worker.id);
    member.ready.resolve();
    this.#fill();
  }

  died(worker: Worker, death: ThreadDeath): void {
    const member = this.#members.get(worker.id) as Member;
    this.#members.delete(worker.id);
    new Spinners(this.#setup.spinners).leave(worker.id);
    this.#dispatcher.died(worker, death);
    member.ended.resolve();
    if (!worker.wasReady) this.#startFailed(member, death);
    else if (!member.leaving && worker.completed === 0)
      this.#notBefore = performance.now() + this.#crashes.failed();
    else if (worker.completed > 0) this.#crashes.succeeded();
    this.#events.ended(worker.id, death.exitCode, death.cause, member.leaving);
    this.#fill();
  }

  #startFailed(member: Member, death: ThreadDeath): void {
    const cause =
      death.cause ?? new Error(`the thread ended with exit code ${death.exitCode} before it was ready`);
    if (member.leaving) {
      member.attempt.abandoned();
      member.ready.reject(new BalancerClosedError());
      return;
    }
    member.attempt.failed(performance.now(), cause);
    member.ready.reject(noWorker(cause));
  }

  /** Starts what is missing, as far as the circuit and the backoff allow. */
  #fill(): void {
    if (this.#closed) return;
    while (this.size < this.#target) {
      const now = performance.now();
      if (!this.#circuit.allows(now) || now < this.#notBefore) {
        this.#fillLater(Math.max(this.#circuit.retryAt ?? 0, this.#notBefore) - now);
        break;
      }
      this.#start(1);
    }
    const hopeless = this.#circuit.state !== 'closed' && this.#dispatcher.workers.length === 0;
    this.#refuse(hopeless ? noWorker(this.#circuit.cause) : undefined);
  }

  #fillLater(ms: number): void {
    clearTimeout(this.#retry);
    // What waits in the queue keeps the process alive; with nothing waiting nobody needs the worker.
    this.#retry = setTimeout(() => this.#fill(), Math.max(1, Math.ceil(ms)));
    this.#retry.unref();
  }

  #refuse(error: NoWorkerError | undefined): void {
    if ((error === undefined) === (this.#refusal === undefined)) return;
    this.#refusal = error;
    this.#events.refusing(error);
  }

  #start(weight: number, replaces?: Member): Member {
    const now = performance.now();
    if (!this.#circuit.allows(now)) throw noWorker(this.#circuit.cause);
    const attempt = this.#circuit.begin(now);
    const id = ++this.#lastId;
    const label = replaces?.worker.view.label ?? this.#freeLabel();
    const worker = new Worker({ ...this.#setup, id, label, weight }, this);
    const member: Member = {
      worker,
      attempt,
      ready: withResolvers(),
      ended: withResolvers(),
      leaving: false,
      replaced: false,
      replaces,
    };
    // Who waits for it gets the rejection; often nobody does.
    member.ready.promise.catch(() => {});
    this.#members.set(id, member);
    return member;
  }

  /** The lowest number that no worker has: so the one that takes a dead one's place takes over its keys. */
  #freeLabel(): string {
    const taken = new Set<string>();
    for (const { worker } of this.#members.values()) taken.add(worker.view.label);
    let label = 1;
    while (taken.has(String(label))) label++;
    return String(label);
  }

  /** The workers to give up: the youngest idle ones first. */
  #surplus(): Member[] {
    const staying = [...this.#members.values()].filter((member) => !member.leaving && !member.replaced);
    staying.sort((a, b) => a.worker.view.pending - b.worker.view.pending || b.worker.id - a.worker.id);
    return staying.slice(0, Math.max(0, staying.length - this.#target));
  }

  #retire(member: Member): Promise<void> {
    if (!member.leaving) {
      member.leaving = true;
      const { worker } = member;
      if (worker.state === 'starting') worker.terminate();
      else {
        worker.state = 'draining';
        this.#dispatcher.retire(worker);
        // With open sessions it stays until the last of them is closed.
        if (worker.sessions === 0 || this.#closed) worker.retire();
      }
    }
    return member.ended.promise;
  }

  async #replace(member: Member): Promise<void> {
    if (member.replaced) return;
    member.replaced = true;
    try {
      const fresh = this.#start(member.worker.view.weight, member);
      await fresh.ready.promise;
    } catch (error) {
      member.replaced = false;
      throw error;
    }
    await this.#retire(member);
  }
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

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
