/** The public class. Its parts are wired in engine.ts. */

import { type BalancerOptions, resolveOptions } from './balancer-options.js';
import { MapIterator } from './calls/map.js';
import { MapRequests } from './calls/map-requests.js';
import { MapShapes } from './calls/map-shapes.js';
import { MapSource } from './calls/map-source.js';
import { mustNotStream } from './calls/must-not-stream.js';
import { OpenLoops, openLoops } from './calls/open-loops.js';
import { Session } from './calls/session.js';
import { StreamIterator } from './calls/stream.js';
import { StreamRequest } from './calls/stream-request.js';
import type { Submission } from './calls/submission.js';
import type { Engine } from './engine.js';
import { checked, fromCaller } from './errors/checked.js';
import type { Metrics } from './metrics/snapshot.js';
import { type CloseOptions, resolveCloseOptions } from './options/close.js';
import type { MapOutcome, MapResults } from './options/outcome.js';
import { type Known, type MapOptions, resolveMapOptions, type SubmitOptions } from './options/submit.js';
import { invalid } from './options/validate.js';
import { type ProfileOptions, profileSettings } from './profile/options.js';
import { profileWorkers, type WorkerProfiles } from './profile/profile.js';
import { Observation, observing } from './stats/observation.js';
import { type BalancerStats, snapshot } from './stats/stats.js';
import { Utilization } from './stats/utilization.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  Streamed,
  SubmitBare,
  SubmitWith,
} from './tasks/signatures.js';
import type { TraceOptions } from './trace/options.js';
import { Trace } from './trace/trace.js';
import { FreeMemories } from './values/chunk-memory.js';
import { WorkerSet } from './worker-set.js';

/**
 * Spreads CPU-bound work over worker threads.
 *
 * @example
 * await using balancer = new Balancer()
 * const sum = await balancer.submit((a, b) => a + b, [1, 2])
 */
export class Balancer extends WorkerSet {
  readonly #engine: Engine;
  readonly #submission: Submission;
  readonly #maxQueue: number;
  readonly #freeMemories = new FreeMemories();
  /** Made by the first map. */
  #mapShapes: MapShapes | undefined;
  readonly #windowBytes: number;
  readonly #loops = new OpenLoops();
  readonly #retries: number;
  readonly #observation: Observation;
  readonly #metrics: Metrics | undefined;
  readonly #utilization = new Utilization();

  /**
   * Starts the workers. An idle Balancer does not keep the process alive.
   * @throws InvalidOptionError
   */
  constructor(options: BalancerOptions = {}) {
    const settings = checked(() => resolveOptions(options));
    super(settings);
    this.#maxQueue = settings.maxQueue;
    this.#windowBytes = settings.windowBytes;
    this.#retries = settings.retries;
    this.#engine = WorkerSet.engineOf(this);
    this.#submission = this.#engine.submission;
    const { ledger } = this.#engine;
    this.#observation = new Observation(ledger, (utilization) =>
      snapshot(this.#engine, this.#maxQueue, utilization),
    );
    this.#metrics = settings.metrics ? this.#observation.measure().metrics : undefined;
  }

  /**
   * Runs a task on the worker that the policy selects.
   *
   * @param task an inline function, which may use only its arguments and globals; or a module's export, from
   *   `tasks(url)`
   * @param args the task's arguments. They are copied by structured clone when they are sent to a thread,
   *   which may be later: do not change them before the promise settles
   * @returns a promise of the task's result, which always settles. It rejects with the error of the task,
   *   with a `BalancerError` (see its subclasses), or with the signal's reason. `submit` itself never throws
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
   * Runs a task on each item of a source, with backpressure: no more items or results are held than fill the
   * windows and a small reserve.
   *
   * @param source an iterable or async iterable; each item is the task's only argument
   * @param options see `MapOptions`
   * @returns an async iterable of the results, to be iterated once. Nothing is taken from the source before
   *   the first `next`. The first error is thrown after the results before it, and ends the iteration: the
   *   source is closed, and requests that have not started are withdrawn. Leaving the loop early does the
   *   same. Running tasks then run to their end, except after an abort. The error waits until the source is
   *   closed, for a second at most; leaving the loop waits as long as that takes, unless the signal is aborted
   *   or the Balancer is closed
   * @throws InvalidOptionError, NotAFunctionError, CapturedVariableError
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
   * @returns an async iterable of the outcomes. Like `map` it throws the error of the source, the reason of
   *   the
   *   signal, and `BalancerClosedError` once the Balancer is closed: these end it
   * @throws InvalidOptionError, NotAFunctionError, CapturedVariableError
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

  #map(
    source: Iterable<unknown> | AsyncIterable<unknown>,
    task: AnyTask,
    options: MapOptions,
    settles: boolean,
  ): MapIterator {
    const settings = resolveMapOptions(options);
    const ref = this.#engine.tasks.resolve(task);
    mustNotStream(ref);
    this.#mapShapes ??= new MapShapes();
    const shapes = this.#mapShapes;
    const submission = this.#submission;
    const { dispatcher } = this.#engine;
    const target = new MapRequests(submission, dispatcher, {
      task,
      ref,
      options: settings.submit,
      retries: this.#retries,
      windowBytes: this.#windowBytes,
      freeMemories: this.#freeMemories,
      ended: () => shapes.ended(submission, dispatcher, ref),
    });
    return new MapIterator(target, new MapSource(source), settings, settles, this.#loops);
  }

  /**
   * Runs a generator, or any task that returns an iterable, and streams its values. At most 16 values are
   * sent ahead: a slow caller slows the generator down. The stream occupies its worker to its end; leaving
   * the loop early ends the generator, and its `finally` blocks run. A stream that has begun and is neither
   * read to its end nor left holds its worker, and the process.
   *
   * @returns an async generator. Nothing runs before the first `next`. Errors are those of `submit`;
   *   `retries` does not apply
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
    return new StreamIterator(
      new StreamRequest(this.#submission, this.#engine.dispatcher, { task, args, options }),
      this.#loops,
    );
  }

  /**
   * Opens a session: all its requests run on one worker, in order. Close it, since its worker cannot be
   * replaced before.
   * @example
   * using session = balancer.session()
   * await session.submit(load, [model])
   * await session.submit(predict, [input])
   */
  session(): Session {
    return new Session((binding, [task, args, options]) =>
      this.#submission.accept(
        task,
        args as readonly unknown[] | undefined,
        (options === undefined ? {} : options) as SubmitOptions,
        (_request, extras) => {
          extras.session = binding;
          binding.accepted(extras);
        },
      ),
    );
  }

  /** A snapshot of the current state and of the counts since the start, as plain data. O(workers). */
  stats(): BalancerStats {
    return snapshot(this.#engine, this.#maxQueue, this.#utilization);
  }

  /**
   * Histograms of wait time and run time, of each task and in all. They survive workers, and `close()`.
   * @throws InvalidOptionError without the option `metrics: true`
   */
  metrics(): Metrics {
    const metrics = this.#metrics;
    if (metrics !== undefined) return metrics;
    throw fromCaller(invalid('metrics()', false, 'a Balancer with the option metrics: true'), this.metrics);
  }

  /**
   * Writes what happens from now on into a file of Chrome trace events, for ui.perfetto.dev or
   * chrome://tracing: a track for each worker with a slice for each run, arrows from where requests were
   * submitted, counters of the queue and of utilisation. The file can be opened at any time, also after the
   * process was killed.
   *
   * @param file a path, a `file:` URL, or options
   * @returns the trace: `stop()`, `await using` or the end of the Balancer ends it
   * @throws InvalidOptionError, BalancerClosedError
   * @throws BalancerError with code `ERR_TRACE_FILE`: the file cannot be created, or another trace writes it
   */
  trace(file: string | URL | TraceOptions): Trace {
    this.mustBeOpen();
    return checked(() => new Trace(file, this.#observation, this.#observation.statsReader()));
  }

  /**
   * Makes a CPU profile of each worker, for DevTools, VS Code or speedscope. A thread begins and ends it
   * between two requests: workers that end meanwhile, or compute on for 2 s after the end, are listed in
   * `missing`.
   *
   * @returns a promise of the profiles, by the worker's id
   * @throws InvalidOptionError, BalancerClosedError
   * @throws BalancerError with code `ERR_NO_PROFILE`: there is none of any worker, and the message says
   *   why; or `ERR_PROFILE_FILE`
   */
  async profile(options: ProfileOptions): Promise<WorkerProfiles> {
    const settings = checked(() => profileSettings(options));
    this.mustBeOpen();
    const { pool, keepAlive } = this.#engine;
    return await keepAlive.during(profileWorkers(settings, this.#observation, () => pool.workers()));
  }

  /**
   * Resolves as soon as the queue has space, for producers that wait rather than be refused. All that wait
   * are told together, so that some of them may find the queue full again.
   */
  ready(): Promise<void> {
    return this.#submission.ready();
  }

  /**
   * Refuses new requests, finishes the accepted ones, and ends all threads. Can be called at any time, also
   * repeatedly.
   *
   * @param options see `CloseOptions`. By default all accepted requests are finished; the rest of them is
   *   rejected
   *   with `ERR_BALANCER_CLOSED` when nothing has run for as long as `heartbeat`
   * @returns a promise that resolves when every promise is settled and every thread has ended
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const settings = checked(() => resolveCloseOptions(options));
    await this.#engine.closing.close(settings);
    this.#loops.closed();
    this.#observation.closed();
  }

  /** @internal For `closeOnSignal`. */
  [openLoops](): readonly OpenLoops[] {
    return [this.#loops];
  }

  /** @internal For what watches the Balancer. */
  [observing](): readonly Observation[] {
    return [this.#observation];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
