/** Makes requests of calls: names the task, writes the arguments, watches signal and time limits. */
import type { JobsOptions } from 'bullmq';
import { rethrow } from '../errors/async-stack.js';
import { BalancerError, TaskTimeoutError } from '../errors/errors.js';
import { withoutOwnFrames } from '../errors/own-frame.js';
import { MOST_MS } from '../options/validate.js';
import { performance } from '../protocol/clock.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { listenToAbort, unlistenToAbort } from '../requests/abort-listeners.js';
import type { AnyTask } from '../tasks/signatures.js';
import {
  type ClusterSettings,
  type ClusterSubmitOptions,
  enginePriority,
  mustBeArguments,
  type RequestSettings,
  resolveRequestOptions,
} from './cluster-options.js';
import type { Connection } from './connection.js';
import { delay, within } from './engine/within.js';
import { EngineError, MachineLostError, NoMachineError, PayloadTooLargeError } from './errors.js';
import { type JobData, type Reply, VERSION } from './messages.js';
import { queueNameOf, type TaskName, taskNameOf } from './names.js';
import { ClusterRequest, type Outlet } from './request.js';
import { decodeThrown, decodeValue } from './values/decode.js';
import { encodeValue } from './values/encode.js';

/** How long the engine may take to say whether a job has begun, in ms. */
const ANSWER_MS = 2_000;
/**
 * One that no machine serves is at one, too, again and again, for a moment: looks, and the time after the first
 * one, which doubles, in ms.
 */
const EXPIRY_LOOKS = 6;
const EXPIRY_PAUSE_MS = 50;

function jobOptions(priority: number, delay: number): JobsOptions {
  return {
    attempts: 0,
    priority: enginePriority(priority),
    ...(delay > 0 && { delay }),
    removeOnComplete: true,
  };
}

const USUAL = jobOptions(0, 0);

/** What is the same for all requests of one call. */
export interface Call {
  readonly task: TaskName;
  readonly queue: string;
  readonly settings: RequestSettings;
  readonly context: string | undefined;
  /** Results are wanted as texts, and a thread that dies is a failure: items of a batch. */
  readonly texts?: true;
}

export class Calls {
  readonly #settings: ClusterSettings;
  readonly #connection: Connection;
  /** Calls without options of their own, which are all alike. */
  readonly #withoutOptions = new WeakMap<AnyTask, Call>();
  #lastId = 0;

  constructor(settings: ClusterSettings, connection: Connection) {
    this.#settings = settings;
    this.#connection = connection;
  }

  /** @throws InvalidOptionError, LocalOnlyError, NotAFunctionError, NotCloneableError */
  prepare(task: AnyTask, options: ClusterSubmitOptions | undefined): Call {
    if (options !== undefined || typeof task !== 'function') return this.#prepare(task, options);
    const before = this.#withoutOptions.get(task);
    if (before !== undefined) return before;
    const call = this.#prepare(task, undefined);
    this.#withoutOptions.set(task, call);
    return call;
  }

  #prepare(task: AnyTask, options: ClusterSubmitOptions | undefined): Call {
    const name = taskNameOf(task);
    const settings = resolveRequestOptions(options, this.#settings);
    const { context } = settings;
    return {
      task: name,
      queue: queueNameOf(this.#settings.engine.name, name.module),
      settings,
      context: context === undefined ? undefined : encodeValue(context, 'submit options.context'),
    };
  }

  /**
   * One request for one run.
   * @throws NotCloneableError, PayloadTooLargeError, the reason of the signal
   */
  single(call: Call, args: readonly unknown[] | undefined): Promise<unknown> {
    if (args !== undefined) mustBeArguments(args);
    call.settings.signal?.throwIfAborted();
    const text = encodeValue(args ?? [], 'arguments');
    this.mustFit(call.task, text);
    return new Promise((resolve, reject) => {
      const request = this.#request(call, { args: text }, call.settings.retries, {
        replied: (reply) => settleSingle(call.task, reply, resolve),
        failed: (error) => (isOfOneRequest(error) ? resolve(failing(error)) : reject(error)),
      });
      this.start(request, call.settings);
    });
  }

  /**
   * One request for the runs of several items; without a signal and a limit of its waiting time.
   * Every loss comes home, where it is decided what runs again.
   * @param text the items, as a list
   * @param count of items
   * @param losses before
   */
  chunk(call: Call, text: string, count: number, losses: number, outlet: Outlet): ClusterRequest {
    const { retries } = call.settings;
    const fields = {
      args: text,
      chunk: count,
      ...(call.texts && { texts: call.texts }),
      threadRetries: call.texts ? 0 : Number.isFinite(retries) ? retries : null,
      ...(losses > 0 && { losses }),
    } as const;
    return this.#request(call, fields, 0, outlet);
  }

  /** @throws PayloadTooLargeError */
  mustFit(task: TaskName, text: string): void {
    const { maxPayload } = this.#settings.engine;
    // A character of UTF-16 takes up to 3 bytes.
    if (text.length * 3 <= maxPayload) return;
    const bytes = Buffer.byteLength(text);
    if (bytes > maxPayload) throw new PayloadTooLargeError(task.name, 'arguments', bytes, maxPayload);
  }

  /** Sends it, and watches its signal and its waiting time. */
  start(request: ClusterRequest, { signal, queueTimeout, delay }: RequestSettings): void {
    const { requests } = this.#connection;
    if (signal !== undefined) {
      const onAbort = (): void => requests.reject(request, signal.reason);
      listenToAbort(signal, onAbort);
      request.onSettled(() => unlistenToAbort(signal, onAbort));
    }
    if (queueTimeout !== Number.POSITIVE_INFINITY) {
      // Before its delay is over no machine may take it.
      const ms = Math.min(MOST_MS, queueTimeout + delay);
      const timer = setTimeout(() => void this.#expire(request, queueTimeout), ms);
      request.onSettled(() => clearTimeout(timer));
    }
    requests.add(request);
  }

  #request(
    { task, queue, settings, context }: Call,
    fields: Pick<JobData, 'args' | 'chunk' | 'texts' | 'losses' | 'threadRetries'>,
    retries: number,
    outlet: Outlet,
  ): ClusterRequest {
    const id = `${this.#connection.id}.${++this.#lastId}`;
    const { timeout, priority, delay } = settings;
    // In JSON, what is undefined is missing.
    const data: JobData = {
      v: VERSION,
      from: this.#connection.id,
      task: task.name,
      args: fields.args,
      chunk: fields.chunk,
      texts: fields.texts,
      timeout: Number.isFinite(timeout) ? timeout : undefined,
      retries: Number.isFinite(retries) ? retries : null,
      threadRetries: fields.threadRetries,
      losses: fields.losses,
      context,
    };
    const options = priority === 0 && delay === 0 ? USUAL : jobOptions(priority, delay);
    return new ClusterRequest({ id, task, queue, data, options, outlet, retries });
  }

  /** It has waited for its time. If it has begun, it goes on. */
  async #expire(request: ClusterRequest, queueTimeout: number): Promise<void> {
    const { requests } = this.#connection;
    for (let looks = 1; ; looks++) {
      const asked = performance.now();
      const isOut = await within(ANSWER_MS, requests.unqueue(request));
      // Without an answer nobody knows; the promise must not wait for one.
      if (isOut !== false || performance.now() - asked >= ANSWER_MS) break;
      if (looks === EXPIRY_LOOKS || request.isSettled) return;
      await delay(EXPIRY_PAUSE_MS * 2 ** (looks - 1));
    }
    requests.reject(request, new TaskTimeoutError(request.task.name, 'queue', queueTimeout));
  }
}

/** What a reply to a single request means. */
function settleSingle({ name }: TaskName, reply: Reply, resolve: (value: unknown) => void): void {
  if (reply.t !== 'value') {
    resolve(failing(errorOf(name, reply)));
    return;
  }
  try {
    // A value with a method `then` cannot be: functions are not sent.
    resolve(decodeValue(reply.value));
  } catch (error) {
    resolve(failing(error));
  }
}

/** Others are shared by many, or are the reason of a signal, which is its owner's. */
function isOfOneRequest(error: unknown): boolean {
  return (
    error instanceof TaskTimeoutError || error instanceof NoMachineError || error instanceof MachineLostError
  );
}

/** Rejects, with the frames of who awaits the request: an error says where it was asked for. */
function failing(error: unknown): Promise<never> {
  if (error instanceof BalancerError) withoutOwnFrames(error);
  return rethrow(() => error);
}

/** The error that a reply stands for. */
export function errorOf(name: string, reply: Exclude<Reply, { t: 'value' }>): unknown {
  switch (reply.t) {
    case 'error':
      return decodeThrown(reply.error);
    case 'lost':
      return new MachineLostError(name, reply.losses, 'machine');
    case 'too-large':
      return new PayloadTooLargeError(name, 'result', reply.bytes, reply.maxPayload);
    case 'chunk':
      return new EngineError(`the reply to task '${name}' is that to a chunk`);
  }
}
