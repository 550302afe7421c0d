/** The public class: wires the parts; holds none of their logic. */

import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { type BalancerOptions, resolveOptions, type Settings, workerLimits } from './balancer-options.js';
import { Backpressure } from './calls/backpressure.js';
import { Cancellation } from './calls/cancellation.js';
import { MapIterator } from './calls/map.js';
import { MapRequests } from './calls/map-requests.js';
import { MapSource } from './calls/map-source.js';
import { Session } from './calls/session.js';
import { StreamReader } from './calls/stream.js';
import { StreamRequest } from './calls/stream-request.js';
import { mustNotStream, Submission } from './calls/submission.js';
import { Closing } from './close.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { BalancerClosedError } from './errors/errors.js';
import { Supervisor, type WorkerEjectionReason } from './health/supervisor.js';
import { KeepAlive } from './keep-alive.js';
import {
  checkAddOptions,
  checkCloseOptions,
  checkMapOptions,
  type MapOptions,
  type SubmitOptions,
} from './options/submit.js';
import { checkInteger } from './options/validate.js';
import { createPolicy } from './policies/index.js';
import { GuardedPolicy } from './policies/support/guard.js';
import { Autoscaling } from './pool/autoscaling.js';
import { Maintenance } from './pool/maintenance.js';
import { Pool, type PoolRules } from './pool/pool.js';
import { Recycling } from './pool/recycling.js';
import { SpinPermits } from './protocol/spin-permits.js';
import { callUser } from './requests/user-callback.js';
import { type BalancerStats, snapshot } from './stats.js';
import { TaskRegistry } from './tasks/registry.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  Streamed,
  SubmitBare,
  SubmitWith,
} from './tasks/signatures.js';
import { ArenaMemory } from './worker/arena.js';
import { Prefetch } from './worker/prefetch.js';
import type { Worker } from './worker/worker.js';

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
  readonly #maintenance: Maintenance;
  readonly #submission: Submission;
  readonly #keepAlive = new KeepAlive();
  readonly #closing: Closing;

  /**
   * Starts the workers. An idle Balancer does not keep the process alive.
   * @throws InvalidOptionError
   */
  constructor(options: BalancerOptions = {}) {
    super();
    const settings = resolveOptions(options);
    this.#settings = settings;
    this.#tasks = new TaskRegistry({ inline: settings.inline });
    const created = createPolicy(settings.policy, { now: () => performance.now(), random: Math.random });
    const policy = created === settings.policy ? new GuardedPolicy(created) : created;
    const limits = {
      depth: settings.depth,
      prefetch: new Prefetch(settings.work),
      bytes: settings.windowBytes,
    };
    this.#dispatcher = new Dispatcher(
      { policy, limits, cores: availableParallelism() },
      {
        drained: () => room.look(),
        idle: () => this.#wentIdle(),
        busy: () => this.#wentBusy(),
        observed:
          settings.outliers === undefined ? undefined : (worker, ok) => this.#supervisor.observe(worker, ok),
      },
    );
    const room = new Backpressure(this.#dispatcher, settings.maxQueue, () =>
      callUser(() => this.emit('drain')),
    );
    const expiry = new Cancellation(this.#dispatcher, settings.grace);
    this.#submission = new Submission(settings, this.#tasks, this.#dispatcher, expiry, room);
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
        spinners: SpinPermits.memory(availableParallelism()),
        arenas: new ArenaMemory(),
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
          this.#maintenance.nudge();
          callUser(() => this.emit('workerEnd', { id, exitCode, cause, expected }));
        },
        refusing: (error) => this.#submission.refuse(error),
      },
    );
    this.#supervisor = new Supervisor(
      { ...settings.heartbeat, outliers: settings.outliers },
      this.#pool,
      this.#dispatcher,
      {
        ejected: (id, reason) => callUser(() => this.emit('workerEjected', { id, reason })),
        readmitted: (id, replaces) => callUser(() => this.emit('workerReadmitted', { id, replaces })),
      },
    );
    const elastic = new Autoscaling(this.#pool, this.#dispatcher, settings, () => this.#submission.lastId);
    const recycling = new Recycling(this.#pool, this.#dispatcher, rules);
    this.#maintenance = new Maintenance([elastic, this.#supervisor, recycling]);
    this.#closing = new Closing({
      intake: this.#submission,
      dispatcher: this.#dispatcher,
      pool: this.#pool,
      upkeep: this.#maintenance,
      keepAlive: this.#keepAlive,
    });
  }

  /**
   * Runs a task on the worker that the policy selects.
   *
   * @param task an inline function (it may use its arguments and globals only), or a module's export from `tasks(url)`
   * @param args its arguments; copied by structured clone when they are sent to a thread, which may be later: they must not be changed
   *   before the promise settles
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
    return this.#submission.accept(task, args, options, undefined);
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
    mustNotStream(ref);
    const target = new MapRequests(this.#submission, this.#dispatcher, {
      task,
      ref,
      options: { ...options.submit, signal: options.signal },
      windowBytes: this.#settings.windowBytes,
    });
    return new MapIterator(target, new MapSource(source), options) as AsyncIterableIterator<Awaited<R>>;
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
    return new StreamReader(new StreamRequest(this.#submission, this.#dispatcher, { task, args, options }));
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
      this.#submission.accept(
        task,
        args as readonly unknown[] | undefined,
        (options === undefined ? {} : options) as SubmitOptions,
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

  /**
   * Resolves when the queue has room: at once, if it has. For a producer that is to wait instead of being refused. Several that wait are told
   * together, so that some of them may find it full again.
   */
  ready(): Promise<void> {
    return this.#submission.ready();
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
   * @param options `weight`: its share relative to the others', from 0.001 to 1,000, default 1. While all workers are busy, what each holds is in
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
   * `workers: { min, max }` move along. Resolves when it has ended; to false, if there is none of that id. One that is just being
   * replaced (by `reload()`, say) goes together with the one that comes in its place.
   * @throws InvalidOptionError the id is no integer ≥ 1
   * @throws NoWorkerError it is just being replaced, and the set would be empty
   */
  async remove(id: number): Promise<boolean> {
    checkInteger('remove(id)', id, 1, Number.MAX_SAFE_INTEGER);
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
    await this.#closing.close(checkCloseOptions(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A change of the set: it holds the process, and what it brings is looked at. */
  async #change<T>(change: Promise<T>): Promise<T> {
    this.#maintenance.nudge();
    return await this.#keepAlive.during(change);
  }

  #started(worker: Worker): void {
    this.#supervisor.admitted(worker);
    this.#maintenance.nudge();
    callUser(() => this.emit('workerStart', { id: worker.id }));
  }

  #wentBusy(): void {
    this.#keepAlive.hold();
    // There is nobody to wait for.
    if (this.#pool.target === 0) this.#maintenance.look();
    this.#maintenance.nudge();
  }

  #wentIdle(): void {
    this.#keepAlive.release();
    this.#closing.wentIdle();
  }

  #mustBeOpen(): void {
    if (this.#closing.hasBegun) throw new BalancerClosedError('the Balancer is closed');
  }
}
