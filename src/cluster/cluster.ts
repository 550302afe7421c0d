/** The caller's side: the calls of a Balancer, run by machines that take them from an engine. */
import { EventEmitter } from 'node:events';
import { type TextMapper, textMapper } from '../batch/remote.js';
import { MapSource } from '../calls/map-source.js';
import { OpenLoops, openLoops } from '../calls/open-loops.js';
import { checked, fromProgram } from '../errors/checked.js';
import { BalancerClosedError, QueueFullError } from '../errors/errors.js';
import { type CloseOptions, resolveCloseOptions } from '../options/close.js';
import type { MapOutcome, MapResults } from '../options/outcome.js';
import {
  type Known,
  type MapOptions,
  type MapSettings,
  resolveMapOptions,
  type SubmitOptions,
} from '../options/submit.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { callUser } from '../requests/user-callback.js';
import type { Submitter } from '../router/router.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  Streamed,
  SubmitBare,
  SubmitWith,
} from '../tasks/signatures.js';
import { type Call, Calls } from './calls.js';
import { type ClusterOptions, type ClusterSubmitOptions, resolveClusterOptions } from './cluster-options.js';
import type { ClusterEvents, ClusterStats } from './cluster-stats.js';
import { Connection } from './connection.js';
import { LocalOnlyError } from './errors.js';
import { ClusterMapIterator } from './map/iterator.js';
import { MapTarget } from './map/target.js';
import { ClusterTexts } from './map/texts.js';

/**
 * Runs tasks on the machines of a cluster. Each machine takes what its own Balancer can hold, so that the
 * next free one gets the next request.
 *
 * It holds connections, and with them the process, until it is closed.
 *
 * @example
 * await using cluster = new Cluster({ redis: 'redis://localhost' })
 * const { sha256 } = tasks<typeof import('./hash.js')>(new URL('./hash.js', import.meta.url))
 * await cluster.submit(sha256, [bytes])
 */
export class Cluster extends EventEmitter<ClusterEvents> implements Submitter {
  readonly #connection: Connection;
  readonly #calls: Calls;
  readonly #limits: { readonly maxQueue: number; readonly maxPayload: number };
  readonly #loops = new OpenLoops();
  /** Calls of `ready` that wait. */
  #waiting: (() => void)[] = [];
  #hasRefused = false;
  #closing: Promise<void> | undefined;
  /** Called when no request is under way any more. */
  #onIdle: (() => void) | undefined;

  /**
   * Connects in the background: requests wait until the engine is there.
   * @throws InvalidOptionError
   * @throws BalancerError with code `ERR_MISSING_PACKAGE`: `bullmq`, or `ioredis` or `pg`, is not installed
   */
  constructor(options: ClusterOptions) {
    super();
    const settings = checked(() => resolveClusterOptions(options));
    this.#limits = { maxQueue: settings.maxQueue, maxPayload: settings.engine.maxPayload };
    this.#connection = new Connection(
      settings,
      (error) => callUser(() => this.emit('engineError', error)),
      () => this.#oneSettled(),
    );
    this.#calls = new Calls(settings, this.#connection);
  }

  /**
   * Runs a task on some machine.
   *
   * @param task a module's export, from `tasks(url)`. The machines serve modules by name, without folder and
   *   extension: `thumbs.ts` here may be `thumbs.js` there
   * @param args plain data, bytes, Date, Map, Set, bigint, RegExp and errors. They are written at once
   * @returns a promise that always settles. Beside the errors of `Balancer.submit` it rejects with
   *   `MachineLostError`, `NoMachineError`, `PayloadTooLargeError`, `EngineError` and `LocalOnlyError`. Never throws
   */
  submit<R>(task: () => R, args?: readonly [], options?: ClusterSubmitOptions): Promise<Awaited<R>>;
  submit<A extends unknown[], R>(
    task: (...args: A) => R,
    args: readonly [...A],
    options?: ClusterSubmitOptions,
  ): Promise<Awaited<R>>;
  submit<F extends AnyTask, const A extends OverloadParameters<F>>(
    task: F,
    args: A,
    options?: ClusterSubmitOptions,
  ): Promise<Awaited<OverloadResult<F, A>>>;
  submit(task: AnyTask, args?: readonly unknown[], options?: ClusterSubmitOptions): Promise<unknown> {
    try {
      const refusal = this.#refusal();
      if (refusal !== undefined) throw refusal;
      const call = this.#calls.prepare(task, options);
      if (this.#connection.requests.size >= this.#limits.maxQueue) {
        this.#hasRefused = true;
        throw new QueueFullError(this.#limits.maxQueue);
      }
      return this.#calls.single(call, args);
    } catch (error) {
      return Promise.reject(fromProgram(error));
    }
  }

  /**
   * Runs a task on each item of a source, in chunks of some 250 ms of work, with backpressure: no more items
   * or results are held than keep the machines busy.
   *
   * @param source an iterable or async iterable; each item is the task's only argument
   * @param options as for `Balancer.map`; `batch`: items of a job. `retry` is applied here: an item that has
   *   failed may run again on another machine
   * @returns an async iterable of the results, to be iterated once. The first error is thrown after the
   *   results
   *   before it, and ends the iteration. Leaving the loop early cancels what is under way
   * @throws InvalidOptionError, NotAFunctionError, LocalOnlyError
   */
  map<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options: MapOptions<Known<T>> = {},
  ): MapResults<T, Awaited<R>> {
    return checked(() => this.#map(source, task, options, false)) as unknown as MapResults<T, Awaited<R>>;
  }

  /**
   * Like `map`, but failures are outcomes and end nothing: the words are those of `Promise.allSettled`.
   *
   * @returns an async iterable of the outcomes. It throws the error of the source, the reason of the signal,
   *   and
   *   what concerns all items: the Cluster is closed, the engine is out of reach, no machine serves the task
   * @throws InvalidOptionError, NotAFunctionError, LocalOnlyError
   */
  mapSettled<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    task: (item: T) => R,
    options: MapOptions<Known<T>> = {},
  ): AsyncIterableIterator<MapOutcome<T, Awaited<R>>> {
    return checked(() => this.#map(source, task, options, true)) as unknown as AsyncIterableIterator<
      MapOutcome<T, Awaited<R>>
    >;
  }

  /** Streams stay within one process. @throws LocalOnlyError */
  stream<T>(...call: SubmitBare<Streamed<T>, SubmitOptions>): AsyncGenerator<Awaited<T>, void, undefined>;
  stream<A extends unknown[], T>(
    ...call: SubmitWith<A, Streamed<T>, SubmitOptions>
  ): AsyncGenerator<Awaited<T>, void, undefined>;
  stream(): AsyncGenerator<unknown, void, undefined> {
    throw new LocalOnlyError(
      'stream works with a Balancer only, not with a Cluster: submit a task that returns a list, or use map',
    );
  }

  /** Sessions stay within one process. @throws LocalOnlyError */
  session(): never {
    throw new LocalOnlyError(
      'session works with a Balancer only, not with a Cluster: the next request may go to another machine',
    );
  }

  /** A snapshot, as plain data. Machines are as of the last look, which is made once in `lockDuration`. */
  stats(): ClusterStats {
    const { machines, requests, failure, isOpen } = this.#connection;
    return {
      pending: requests.size,
      submitted: requests.submitted,
      completed: requests.completed,
      failed: requests.failed,
      maxQueue: this.#limits.maxQueue,
      connected: isOpen && failure === undefined,
      machines: machines.map(({ id, host, pid, tasks, threads, slots }) => ({
        id,
        host,
        pid,
        tasks,
        threads,
        slots,
      })),
    };
  }

  /** Resolves as soon as there is room for a request, for producers that wait rather than be refused. */
  ready(): Promise<void> {
    if (this.#closing !== undefined || this.#connection.requests.size < this.#limits.maxQueue)
      return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /**
   * Waits for the requests that are under way, then closes the connections. Machines go on.
   * @param options `queued: 'reject'`: what no machine has taken is rejected at once. `timeout`: the rest is
   *   rejected, and cancelled on the machines. May be called again with less time
   * @throws InvalidOptionError
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { timeout, queued } = checked(() => resolveCloseOptions(options));
    const { requests } = this.#connection;
    const closed = () => new BalancerClosedError('the Cluster was closed before the request was done');
    this.#closing ??= this.#close();
    if (queued === 'reject') void requests.rejectQueued(closed);
    const timer =
      timeout === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => requests.rejectAll(closed), timeout);
    try {
      await this.#closing;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @internal For `closeOnSignal`. */
  [openLoops](): readonly OpenLoops[] {
    return [this.#loops];
  }

  /** @internal For `runBatch`. */
  get [textMapper](): TextMapper {
    return new ClusterTexts(this.#calls, this.#connection, (source, call, signal) =>
      this.#mapCall(source, call, resolveMapOptions({ ordered: false, signal }), true),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#loops.tell();
    this.#wakeWaiting();
    if (this.#connection.requests.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#connection.close();
  }

  #map(
    source: Iterable<unknown> | AsyncIterable<unknown>,
    task: AnyTask,
    options: MapOptions,
    settles: boolean,
  ): ClusterMapIterator {
    const settings = resolveMapOptions(options);
    return this.#mapCall(source, this.#calls.prepare(task, settings.submit), settings, settles);
  }

  #mapCall(
    source: Iterable<unknown> | AsyncIterable<unknown>,
    call: Call,
    settings: MapSettings,
    settles: boolean,
  ): ClusterMapIterator {
    const self = this;
    const target = new MapTarget(this.#calls, this.#connection, call, this.#limits, {
      get refusal() {
        return self.#refusal();
      },
      ready: () => this.ready(),
    });
    return new ClusterMapIterator(target, new MapSource(source), settings, settles, this.#loops);
  }

  /** Why nothing is accepted, if so. */
  #refusal(): Error | undefined {
    if (this.#closing !== undefined)
      return new BalancerClosedError('the Cluster is closed and takes no more requests');
    return this.#connection.failure;
  }

  #oneSettled(): void {
    const { size } = this.#connection.requests;
    if (size === 0) this.#onIdle?.();
    if (size >= this.#limits.maxQueue || (!this.#hasRefused && this.#waiting.length === 0)) return;
    this.#hasRefused = false;
    this.#wakeWaiting();
    callUser(() => this.emit('drain'));
  }

  #wakeWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
