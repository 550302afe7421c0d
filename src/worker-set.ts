/** The workers of a Balancer, as its user sees and changes them. */

import { EventEmitter } from 'node:events';
import type { BalancerEvents } from './balancer-events.js';
import { type Settings, workerLimits } from './balancer-options.js';
import { mustNotStream } from './calls/must-not-stream.js';
import { Engine } from './engine.js';
import { checked, fromCaller } from './errors/checked.js';
import { BalancerClosedError } from './errors/errors.js';
import { launchSettings } from './launch-settings.js';
import { type BroadcastOptions, resolveBroadcastOptions } from './options/broadcast.js';
import { type AddOptions, resolveAddOptions } from './options/submit.js';
import { integerFrom, integerIn, validate } from './options/validate.js';
import type { BroadcastOutcome } from './pool/broadcasts.js';
import { HeadStart } from './pool/head-start.js';
import { callUser } from './requests/user-callback.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  SubmitBare,
  SubmitOverloaded,
  SubmitWith,
} from './tasks/signatures.js';
import { snapshot } from './values/snapshot.js';
import { withdrawing } from './withdrawal.js';

const WORKER_ID = integerFrom(1);
const ARGUMENTS = {
  allowed: 'an array of the arguments, as in broadcast(task, [config])',
  accepts: (value: unknown) => Array.isArray(value),
};

/** The part of a Balancer that is about its workers. */
export abstract class WorkerSet extends EventEmitter<BalancerEvents> {
  readonly #engine: Engine;

  /** @internal */
  constructor(settings: Settings) {
    super();
    const headStart = new HeadStart(launchSettings(settings), settings.min);
    try {
      this.#engine = new Engine(
        settings,
        headStart,
        (name, ...args) => callUser(() => this.emit(name as never, ...(args as never))),
        (name) => this.listenerCount(name) > 0,
      );
    } catch (error) {
      // The policy is made here.
      throw fromCaller(error, new.target);
    } finally {
      headStart.end();
    }
  }

  /** @internal */
  protected static engineOf(set: WorkerSet): Engine {
    return set.#engine;
  }

  /**
   * Resolves as soon as workers are ready, that is when they get requests: their threads have come up, have
   * loaded `preload`, and have run what was broadcast and the `check`. Requests need not be kept back until
   * then; this is for programs that start slowly rather than answer slowly, and for health checks.
   *
   * @param count how many workers; default: all that there should be. With `workers: { min, max }` those that
   *   are
   *   missing are started, and end again when they have been idle
   * @throws InvalidOptionError the count is no integer from 1 to the largest number of workers
   * @throws NoWorkerError threads cannot be started; `cause` says why. Or the set has become smaller than
   *   that
   * @throws BalancerClosedError
   */
  async workersReady(count?: number): Promise<void> {
    const { pool, keepAlive } = this.#engine;
    this.mustBeOpen();
    if (count !== undefined) {
      const { max } = pool.range;
      const allowed = `an integer from 1 to ${max}, the largest number of workers`;
      checked(() => validate('workersReady(count)', count, { ...integerIn(1, max), allowed }));
    }
    this.#engine.maintenance.nudge();
    await keepAlive.during(pool.ready(count));
  }

  /** @internal See `withdrawUnstarted`. */
  [withdrawing](signal: AbortSignal, error: unknown): boolean {
    return this.#engine.cancellation.withdrawUnstarted(signal, error);
  }

  /**
   * Runs a task once on every worker, to give all of them a new configuration or to warm their caches.
   * Workers that come later run it before they get requests, until another broadcast replaces it: one of the
   * same `name`, or without a name one of the same task. They run all that are kept, in the order of the
   * calls.
   *
   * The arguments are copied at once. On a worker that is busy the task runs after what that worker has been
   * sent, and ahead of what waits in the queue, also where `maxQueue` is reached. Every request submitted
   * after the promise has resolved finds it done.
   *
   * Failures: a worker on which the task fails has an outcome that says so, and goes on getting requests. One
   * that comes later and fails is not used: it counts as a thread that could not be started. A broadcast that
   * has failed on all workers is not kept, and what it has replaced is kept instead.
   *
   * @returns the outcomes on all workers that there are now, those that are starting included, by id. A
   *   worker
   *   that ends before the task has started there has none: its successor runs the task
   * @throws InvalidOptionError, NotAFunctionError, CapturedVariableError, NotCloneableError,
   *   BalancerClosedError
   */
  broadcast<R>(...call: SubmitBare<R, BroadcastOptions>): Promise<BroadcastOutcome<Awaited<R>>[]>;
  broadcast<A extends unknown[], R>(
    ...call: SubmitWith<A, R, BroadcastOptions>
  ): Promise<BroadcastOutcome<Awaited<R>>[]>;
  broadcast<F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, BroadcastOptions>
  ): Promise<BroadcastOutcome<Awaited<OverloadResult<F, A>>>[]>;
  async broadcast(
    task: AnyTask,
    args: readonly unknown[] = [],
    options: BroadcastOptions = {},
  ): Promise<BroadcastOutcome<unknown>[]> {
    const { tasks, pool, keepAlive } = this.#engine;
    const broadcast = checked(() => {
      const settings = resolveBroadcastOptions(options);
      validate('broadcast args', args, ARGUMENTS);
      const ref = tasks.resolve(task);
      mustNotStream(ref);
      return { task: ref, args: snapshot(args, 'arguments'), ...settings };
    });
    this.mustBeOpen();
    return await keepAlive.during(pool.broadcasts.run(broadcast));
  }

  /**
   * Sets the number of workers, or the limits between which it changes by itself. Resolves when the new
   * workers are ready, or the surplus ones have finished their running requests and have ended. No request
   * fails.
   * @throws InvalidOptionError
   * @throws NoWorkerError a new worker cannot be started
   */
  async resize(workers: number | { min: number; max: number }): Promise<void> {
    const range = checked(() => workerLimits(workers ?? null, 'resize(workers)'));
    this.mustBeOpen();
    await this.#change(this.#engine.pool.resizing.resize(range));
  }

  /**
   * Adds a worker, and raises the limits of `workers: { min, max }` by one. Resolves to its id when it is
   * ready.
   *
   * @param options `weight`: the worker's share relative to the others', from 0.001 to 1,000, default 1.
   *   While all workers are busy, their pending requests are in proportion to their weights
   *   (`least-pending`), or they are given requests in that proportion (`round-robin`, `random`, `hash` and
   *   so on). Weights decide only between workers that can take a request: no worker is idle while requests
   *   wait, whatever its weight, and requests behind a run of more than some ms go back to the queue for all
   *   workers. So the number of completed requests follows the speed of the threads, which is the same for
   *   all. A worker that replaces a dead one keeps its weight
   * @throws InvalidOptionError
   * @throws NoWorkerError the worker cannot be started; then the set is as before
   */
  async add(options: AddOptions = {}): Promise<number> {
    const weight = checked(() => resolveAddOptions(options));
    this.mustBeOpen();
    return await this.#change(this.#engine.pool.resizing.add(weight));
  }

  /**
   * Removes a worker, and lowers the limits of `workers: { min, max }` by one. The worker gets no more
   * requests, finishes its running one, and ends when its sessions are closed. A worker that is being
   * replaced, by `reload()` for example, goes together with its replacement. Resolves when the worker has
   * ended: to true, or to false if there is no worker of that id.
   * @throws InvalidOptionError the id is no integer ≥ 1
   * @throws NoWorkerError the worker is being replaced, and the set would be empty
   */
  async remove(id: number): Promise<boolean> {
    checked(() => validate('remove(id)', id, WORKER_ID));
    return await this.#change(this.#engine.pool.resizing.remove(id));
  }

  /**
   * Offers the waiting requests to the policy again, for custom policies whose choice depends on more than
   * the workers.
   */
  offer(): void {
    this.#engine.dispatcher.offer();
  }

  /**
   * Replaces the threads by fresh ones, one after the other, so that modules are loaded again. Each new
   * thread is ready before the old one is retired: no request fails or waits.
   * @throws NoWorkerError a new thread cannot be started; the remaining old ones stay
   */
  async reload(): Promise<void> {
    this.mustBeOpen();
    await this.#engine.keepAlive.during(this.#engine.pool.reload());
  }

  /** Keeps the process alive until the set has changed. */
  async #change<T>(change: Promise<T>): Promise<T> {
    this.#engine.maintenance.nudge();
    return await this.#engine.keepAlive.during(change);
  }

  /** @internal */
  protected mustBeOpen(): void {
    if (!this.#engine.closing.hasBegun) return;
    throw fromCaller(new BalancerClosedError('the Balancer is closed'), WorkerSet.prototype.mustBeOpen);
  }
}
