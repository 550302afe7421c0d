/** The public class: wires the parts; holds none of their logic. */
import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import {
  checkAddOptions,
  checkCloseOptions,
  checkMapOptions,
  checkSubmitOptions,
  type SubmitOptions,
} from './call-options.js';
import { callOut } from './call-out.js';
import { invalid } from './checks.js';
import { Dispatcher } from './dispatcher.js';
import { Elastic } from './elastic.js';
import { BalancerClosedError, NotAFunctionError, NoWorkerError, QueueFullError } from './errors.js';
import { Expiry } from './expiry.js';
import { Supervisor, type WorkerEjectionReason } from './health/supervisor.js';
import { KeepAlive } from './keep-alive.js';
import { type MapOptions, mapInto } from './map.js';
import { type BalancerOptions, resolveOptions, type Settings, workerLimits } from './options.js';
import { GuardedPolicy } from './policies/guarded.js';
import { createPolicy } from './policies/index.js';
import { Pool, type PoolRules } from './pool.js';
import { Recycling } from './recycling.js';
import { Request, RequestExtras } from './request.js';
import { Session } from './session.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  Streamed,
  SubmitBare,
  SubmitWith,
} from './signatures.js';
import { Spinners } from './spinners.js';
import { type BalancerStats, snapshot } from './stats.js';
import { StreamReader } from './stream.js';
import { TaskRegistry } from './task.js';
import { checkTransfer } from './transferable.js';
import { Upkeep } from './upkeep.js';
import type { Worker } from './worker.js';

/** The events of a Balancer. */
export interface BalancerEvents {
  /** The queue was full, or someone waits in `ready()`, and there is room again. */
  drain: [];
  /** A worker is ready. */
  workerStart: [{ id: number }];
  /** A worker's thread has ended. `expected`: the Balancer ended it. */
  workerEnd: [{ id: number; exitCode: number | undefined; cause: unknown; expected: boolean }];
  /** A worker has been taken out, since it is silent, or since its requests fail far more often than the others'. */
  workerEjected: [{ id: number; reason: WorkerEjectionReason }];
  /** A fresh worker has passed its checks and takes the place of one that was taken out. */
  workerReadmitted: [{ id: number; replaces: number }];
}

/** How long a worker looks for its next request before it sleeps, in ms. To be woken takes 10 to 50 µs. */
const SPIN_MS = 0.05;
/** Ids of requests start again after this. */
const LAST_ID = 2 ** 30;

/**
 * Spreads CPU-bound work over worker threads.
 *
 * @example
 * await using balancer = new Balancer()
 * const sum = await balancer.submit((a, b) => a + b, [1, 2])
 */
export class Balancer extends EventEmitter<BalancerEvents> {
  readonly #settings: Settings;
  readonly #tasks: TaskRegistry;
  readonly #dispatcher: Dispatcher;
  readonly #pool: Pool;
  readonly #supervisor: Supervisor;
  readonly #upkeep: Upkeep;
  readonly #expiry: Expiry;
  readonly #keepAlive = new KeepAlive();
  /** Some default applies to each request, so each needs its extras. */
  readonly #guardAll: boolean;
  #nextId = 0;
  #closing: Promise<void> | undefined;
  /** Why requests are refused at present. */
  #refusal: BalancerClosedError | NoWorkerError | undefined;
  #room: (() => void)[] = [];
  #wasFull = false;
  #idle: (() => void)[] = [];

  /**
   * Starts the workers. An idle Balancer does not keep the process alive.
   * @throws InvalidOptionError
   */
  constructor(options: BalancerOptions = {}) {
    super();
    const settings = resolveOptions(options);
    this.#settings = settings;
    this.#guardAll =
      settings.timeout > 0 || settings.queueTimeout > 0 || settings.retries > 0 || settings.traceSubmit;
    this.#tasks = new TaskRegistry({ inline: settings.inline });
    const created = createPolicy(settings.policy, { now: () => performance.now(), random: Math.random });
    const policy = created === settings.policy ? new GuardedPolicy(created) : created;
    const limits = { depth: settings.depth, work: settings.work, bytes: settings.windowBytes };
    this.#dispatcher = new Dispatcher(
      { policy, limits, cores: availableParallelism() },
      {
        drained: () => this.#drained(),
        idle: () => this.#wentIdle(),
        busy: () => this.#wentBusy(),
        observed:
          settings.outliers === undefined ? undefined : (worker, ok) => this.#supervisor.observe(worker, ok),
      },
    );
    this.#expiry = new Expiry(this.#dispatcher, settings.grace);
    const rules: PoolRules = {
      maxRequests: settings.maxRequestsPerWorker,
      maxHeap: settings.maxHeapPerWorker,
      failsWhenEmpty: settings.whenEmpty === 'fail',
      check: settings.check && {
        task: this.#tasks.resolve(settings.check),
        limit: settings.heartbeat.silence,
      },
    };
    this.#pool = new Pool(
      {
        limits,
        bell: this.#dispatcher.poller.bell,
        spin: SPIN_MS,
        spinners: Spinners.memory(availableParallelism()),
        preload: settings.preload,
        watchHeap: settings.maxHeapPerWorker !== Number.POSITIVE_INFINITY,
        thread: settings.thread,
      },
      rules,
      settings,
      this.#dispatcher,
      {
        started: (worker) => this.#started(worker),
        ended: (id, exitCode, cause, expected) => {
          this.#supervisor.gone(id);
          this.#upkeep.nudge();
          callOut(() => this.emit('workerEnd', { id, exitCode, cause, expected }));
        },
        refusing: (error) => this.#refuse(error),
      },
    );
    this.#supervisor = new Supervisor(
      { ...settings.heartbeat, outliers: settings.outliers },
      this.#pool,
      this.#dispatcher,
      {
        ejected: (id, reason) => callOut(() => this.emit('workerEjected', { id, reason })),
        readmitted: (id, replaces) => callOut(() => this.emit('workerReadmitted', { id, replaces })),
      },
    );
    const elastic = new Elastic(this.#pool, this.#dispatcher, settings, () => this.#nextId);
    const recycling = new Recycling(this.#pool, this.#dispatcher, rules);
    this.#upkeep = new Upkeep([elastic, this.#supervisor, recycling]);
  }

  /**
   * Runs a task on the worker that the policy selects.
   *
   * @param task an inline function (it may use its arguments and globals only), or a module's export from `tasks(url)`
   * @param args its arguments; copied by structured clone when they are sent
   * @returns a promise of the task's result. It rejects with what the task threw, with a `BalancerError` (see its subclasses),
   *   or with the signal's reason. It always settles. `submit` never throws.
   */
  submit<R>(task: () => R, args?: readonly [], options?: SubmitOptions): Promise<Awaited<R>>;
  submit<A extends unknown[], R>(
    task: (...args: A) => R,
    args: readonly [...A],
    options?: SubmitOptions,
  ): Promise<Awaited<R>>;
  submit<F extends AnyTask, const A extends OverloadParameters<F>>(
    task: F,
    args: A,
    options?: SubmitOptions,
  ): Promise<Awaited<OverloadResult<F, A>>>;
  submit(task: AnyTask, args?: readonly unknown[], options?: SubmitOptions): Promise<unknown> {
    return this.#accept(task, args, options, undefined);
  }

  /**
   * Runs a task on each item of a source, with backpressure: no more are taken from the source than the windows and a
   * small reserve hold, and no more results are kept than that.
   *
   * @param source an iterable or async iterable; each item is the task's only argument
   * @param options `ordered`: results in the order of the source (default), else as they come; `signal` ends it
   * @returns an async iterable of the results, to be iterated once. Nothing is taken from the source before its first `next`. The first
   *   error ends it, after the results before it: it is thrown, the source is closed, and what was not started is taken back. Leaving
   *   the loop early does so, too. Running tasks then run to their end, except after an abort.
   * @throws InvalidOptionError, NotAFunctionError, CapturedVariableError
   */
  map<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options: MapOptions = {},
  ): AsyncIterableIterator<Awaited<R>> {
    checkMapOptions(options);
    const ref = this.#tasks.resolve(task);
    if (ref.streams) throw generatorError(ref.name);
    const submitOptions = { ...options.submit, signal: options.signal };
    const dispatcher = this.#dispatcher;
    const isFull = (): boolean =>
      this.#refusal === undefined && dispatcher.queue.size >= this.#settings.maxQueue;
    return mapInto(
      {
        submit: (item) => {
          let request: Request | undefined;
          const promise = this.#accept(task, [item], submitOptions, (accepted) => {
            request = accepted;
          });
          const takeBack = (): void => {
            if (request === undefined || request.isSettled) return;
            request.resolve(undefined);
            dispatcher.withdraw(request);
          };
          return { promise, takeBack };
        },
        room: () => {
          const workers = Math.max(1, dispatcher.workers.length);
          const bytes = 1.5 * workers * this.#settings.windowBytes;
          return { most: dispatcher.capacityFor(ref), bytes, least: 2 * workers };
        },
        isFull: () => {
          if (isFull()) dispatcher.pass();
          return isFull();
        },
        ready: () => this.ready(),
      },
      source,
      options,
    ) as AsyncIterableIterator<Awaited<R>>;
  }

  /**
   * Runs a generator, or any task that gives an iterable, and streams its values. At most 16 of them are on the way: a slow caller
   * holds the generator back. The worker is taken as long as the stream runs; leaving the loop early ends the generator (its `finally` runs).
   * Once begun, a stream that is neither read to its end nor left holds its worker, and the process.
   *
   * @returns an async generator. Nothing runs before its first `next`; then errors are those of `submit`, and `retries` does not apply.
   */
  stream<T>(...call: SubmitBare<Streamed<T>, SubmitOptions>): AsyncGenerator<Awaited<T>, void, undefined>;
  stream<A extends unknown[], T>(
    ...call: SubmitWith<A, Streamed<T>, SubmitOptions>
  ): AsyncGenerator<Awaited<T>, void, undefined>;
  stream(
    task: AnyTask,
    args?: readonly unknown[],
    options?: SubmitOptions,
  ): AsyncGenerator<unknown, void, undefined> {
    let request: Request | undefined;
    let running: Promise<unknown> | undefined;
    const worker = (): Worker | undefined => request?.extras?.worker as Worker | undefined;
    return new StreamReader({
      start: (onYield) => {
        running = this.#accept(
          task,
          args,
          options ?? {},
          (accepted, extras) => {
            request = accepted;
            extras.onYield = onYield;
            extras.retries = 0;
          },
          true,
        );
        return running;
      },
      credit: (values) => {
        if (request !== undefined && !request.isSettled) worker()?.credit(request, values);
      },
      stop: async () => {
        if (request === undefined || request.isSettled) return;
        if (this.#dispatcher.withdraw(request)) request.resolve(undefined);
        else worker()?.stopStream(request);
        // What it throws now is nobody's: the caller has left.
        await running?.catch(() => {});
      },
    });
  }

  /**
   * Opens a session: all its requests run on one worker, in order. Close it, so that its worker can be replaced.
   * @example
   * using session = balancer.session()
   * await session.submit(load, [model])
   * await session.submit(predict, [input])
   */
  session(): Session {
    return new Session((session, [task, args, options]) =>
      this.#accept(
        task as AnyTask,
        args as readonly unknown[] | undefined,
        (options ?? {}) as SubmitOptions,
        (_request, extras) => {
          extras.session = session;
          session.accepted();
        },
      ),
    );
  }

  /** A plain snapshot of the present state and of the counts since the start. O(workers). */
  stats(): BalancerStats {
    return snapshot(this.#dispatcher, this.#pool, this.#settings.maxQueue);
  }

  /** Resolves when the queue has room: at once, if it has. For producers that are to wait instead of being refused. */
  async ready(): Promise<void> {
    while (this.#refusal === undefined && this.#dispatcher.queue.size >= this.#settings.maxQueue) {
      await new Promise<void>((resolve) => {
        this.#room.push(resolve);
      });
    }
  }

  /**
   * Sets the number of workers, or the limits between which it changes by itself. Resolves when the new ones are ready, or the surplus
   * ones have finished what they had started and ended. No request fails.
   * @throws InvalidOptionError
   * @throws NoWorkerError a new one cannot be started
   */
  async resize(workers: number | { min: number; max: number }): Promise<void> {
    const range = workerLimits(workers ?? null, 'resize(workers)');
    this.#mustBeOpen();
    await this.#change(this.#pool.resize(range));
  }

  /**
   * Adds a worker; the limits of `workers: { min, max }` move along. Resolves to its id when it is ready.
   *
   * @param options `weight`: its share relative to the others', > 0, default 1. While all workers are busy, what each holds is in
   *   the proportion of the weights (`least-pending`), or each is given requests in that proportion (`round-robin`, `random`, `hash` and
   *   so on). How many each completes is up to the threads, which are equally fast: no worker idles while requests wait, whatever
   *   its weight, and what waits behind a request that takes longer than some ms goes back to the queue, for anyone. So weights decide
   *   who is given a request where several have room. The worker that takes the place of one that died keeps its weight.
   * @throws InvalidOptionError
   * @throws NoWorkerError it cannot be started; then the set is as before
   */
  async add(options: { weight?: number } = {}): Promise<number> {
    const weight = checkAddOptions(options);
    this.#mustBeOpen();
    return await this.#change(this.#pool.add(weight));
  }

  /**
   * Removes a worker: it gets no more requests, finishes the running one, and ends when its sessions are closed. The limits of
   * `workers: { min, max }` move along. Resolves when it has ended; to false, if there is none of that id.
   */
  async remove(id: number): Promise<boolean> {
    return await this.#change(this.#pool.remove(id));
  }

  /** Offers what waits to the policy again: for an own policy whose answer has changed for a reason of its own. */
  dispatch(): void {
    this.#dispatcher.offer();
  }

  /**
   * Replaces every thread by a fresh one, one by one, so that modules are loaded anew. Each new thread is ready before the old one is
   * retired: no request fails or waits.
   * @throws NoWorkerError a new one cannot be started; the old ones that are left go on
   */
  async reload(): Promise<void> {
    this.#mustBeOpen();
    await this.#keepAlive.during(this.#pool.reload());
  }

  /**
   * Refuses new requests, finishes the accepted ones, and ends all threads. Safe to call at any time, and again.
   *
   * @param options `timeout`: in ms, ≥ 0; what is not finished then rejects with `ERR_BALANCER_CLOSED`, and the threads are ended
   * @returns resolves when every promise is settled and every thread has ended
   */
  async close(options: { timeout?: number } = {}): Promise<void> {
    const timeout = checkCloseOptions(options);
    this.#closing ??= this.#keepAlive.during(this.#close());
    if (timeout === undefined) return this.#closing;
    const timer = setTimeout(() => this.#giveUp(timeout), timeout);
    try {
      await this.#closing;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A change of the set: it holds the process, and what it brings is looked at. */
  async #change<T>(change: Promise<T>): Promise<T> {
    this.#upkeep.nudge();
    return await this.#keepAlive.during(change);
  }

  async #close(): Promise<void> {
    this.#refuseForGood(new BalancerClosedError());
    this.#pool.beginClose();
    this.#dispatcher.pass();
    // A getter in arguments may have called this, while its request was neither queued nor pending.
    await undefined;
    while (this.#dispatcher.queue.size > 0 || this.#dispatcher.pending > 0) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
    await this.#pool.close();
    this.#upkeep.stop();
    this.#dispatcher.poller.stop();
    this.#keepAlive.end();
  }

  #giveUp(timeout: number): void {
    const error = new BalancerClosedError(
      `the Balancer was closed, and its timeout of ${timeout} ms ran out before this request ended`,
    );
    this.#dispatcher.rejectAll(error);
    this.#pool.terminate();
  }

  /** @param prepare completes the request before it is queued; `streams`: its values are awaited one by one */
  #accept(
    task: AnyTask,
    args: readonly unknown[] | undefined,
    options: SubmitOptions | undefined,
    prepare: ((request: Request, extras: RequestExtras) => void) | undefined,
    streams = false,
  ): Promise<unknown> {
    if (this.#refusal !== undefined) return Promise.reject(anew(this.#refusal));
    let request: Request;
    try {
      if (args !== undefined && !Array.isArray(args)) {
        throw invalid('submit args', args, 'an array of the arguments');
      }
      const ref = this.#tasks.resolve(task);
      if (ref.streams && !streams) throw generatorError(ref.name);
      const extras = options === undefined && !this.#guardAll ? undefined : this.#extrasFor(options);
      if (extras?.transfer !== undefined) {
        checkTransfer('submit options.transfer', extras.transfer, [args, extras.context], 'the arguments');
      }
      this.#nextId = this.#nextId === LAST_ID ? 1 : this.#nextId + 1;
      request = new Request(this.#nextId, ref, args, extras);
      extras?.signal?.throwIfAborted();
      if (this.#dispatcher.queue.size >= this.#settings.maxQueue) this.#makeRoom();
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = request.promise();
    if (request.extras !== undefined) {
      prepare?.(request, request.extras);
      this.#expiry.guard(request, request.extras);
    }
    this.#dispatcher.submit(request);
    return promise;
  }

  #extrasFor(options: SubmitOptions = {}): RequestExtras {
    checkSubmitOptions(options);
    const settings = this.#settings;
    const extras = new RequestExtras();
    extras.key = options.key;
    extras.priority = options.priority ?? 0;
    extras.transfer = options.transfer as RequestExtras['transfer'];
    extras.context = options.context;
    // Called from a message, it still finds the caller's AsyncLocalStorage.
    extras.onProgress = options.onProgress && AsyncResource.bind(options.onProgress);
    extras.signal = options.signal;
    extras.timeout = finite(options.timeout ?? settings.timeout);
    extras.queueTimeout = finite(options.queueTimeout ?? settings.queueTimeout);
    extras.retries = options.retries ?? settings.retries;
    if (settings.traceSubmit) {
      extras.place = new Error('submit');
      // Without our own frames, which would use up V8's limit of ten.
      Error.captureStackTrace(extras.place, this.#accept);
    }
    return extras;
  }

  /** The queue is full as it stands; what was submitted in this turn may not have been given out yet. */
  #makeRoom(): void {
    this.#dispatcher.pass();
    if (this.#dispatcher.queue.size < this.#settings.maxQueue) return;
    this.#wasFull = true;
    throw new QueueFullError(this.#settings.maxQueue);
  }

  #drained(): void {
    if (!this.#wasFull && this.#room.length === 0) return;
    if (this.#dispatcher.queue.size >= this.#settings.maxQueue) return;
    this.#wasFull = false;
    for (const resolve of this.#room.splice(0)) resolve();
    callOut(() => this.emit('drain'));
  }

  #started(worker: Worker): void {
    this.#supervisor.admitted(worker);
    this.#upkeep.nudge();
    callOut(() => this.emit('workerStart', { id: worker.id }));
  }

  #wentBusy(): void {
    this.#keepAlive.hold();
    // There is nobody to wait for.
    if (this.#pool.target === 0) this.#upkeep.look();
    this.#upkeep.nudge();
  }

  #wentIdle(): void {
    this.#keepAlive.release();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #refuse(error: NoWorkerError | undefined): void {
    if (this.#closing === undefined) this.#refusal = error;
    if (error === undefined) return;
    for (const request of this.#dispatcher.takeUnstarted()) request.reject(error);
  }

  #refuseForGood(error: BalancerClosedError): void {
    this.#refusal = error;
    for (const resolve of this.#room.splice(0)) resolve();
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new BalancerClosedError('the Balancer is closed');
  }
}

function finite(ms: number): number {
  return ms === Number.POSITIVE_INFINITY ? 0 : ms;
}

function generatorError(name: string): NotAFunctionError {
  return new NotAFunctionError(
    `'${name}' is a generator function, which gives many values: use for await (const value of balancer.stream(task, [arguments]))`,
  );
}

/** Each refused request gets an error of its own, whose stack shows where it was submitted. */
function anew(error: BalancerClosedError | NoWorkerError): BalancerClosedError | NoWorkerError {
  const { message, cause } = error;
  return error instanceof BalancerClosedError
    ? new BalancerClosedError(message)
    : new NoWorkerError(message, { cause });
}
