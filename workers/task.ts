/// <reference types="node" preserve="true" />
/**
 * For tasks: `import { context, transfer } from 'leastwork/task'`.
 *
 * The state is on `globalThis`, under a registered symbol, so that a task finds it from any copy of the
 * package (a bundled program may hold two).
 */
import type { Carrier } from '../src/protocol/messages.js';
import { checkTransferList, TRANSFER_MARK } from '../src/values/transfer-list.js';
import { register } from './restored-context.js';

/**
 * The running request, as its task sees it. A thread has one at a time: a callback that an earlier task left
 * behind sees the request that runs when it is called.
 */
export interface TaskContext {
  /** The worker that this thread is. Also there while no request runs, as when a module is loaded. */
  readonly worker: WorkerIdentity;
  /** Number of the request within its Balancer. */
  readonly requestId: number;
  /** The value of `submit`'s `context` option. */
  readonly value: unknown;
  /**
   * Aborted when the caller's signal is, or when the request's time is up. A task that notices and ends
   * within the grace period keeps its thread alive. `signal.aborted` is up to date in synchronous code, too.
   */
  readonly signal: AbortSignal;
  /**
   * Sends a value to the caller's `onProgress`. In order, and before the result.
   * @throws NotCloneableError when it cannot be cloned
   */
  progress(value: unknown): void;
}

/** Which worker of its Balancer a thread is. */
export interface WorkerIdentity {
  /** Its id, as in `stats()` and in events: no later worker gets the same one. */
  readonly id: number;
  /**
   * The number of its place: an integer from 0 and below the largest number of workers. The worker that takes
   * its place, after a crash, in a `reload()` or when it is recycled, has the same one: so it stands for what
   * there is once for each place, such as a port, a database or a scratch folder. While a worker is being
   * replaced both have it, until the old one has ended.
   */
  readonly slot: number;
}

/** The part of the context that belongs to the running request. */
export type RequestContext = Omit<TaskContext, 'worker'>;

const RUNNING = Symbol.for('leastwork.context');
const WORKER = Symbol.for('leastwork.worker');
const holder = globalThis as { [RUNNING]?: RequestContext; [WORKER]?: WorkerIdentity };

function running(): RequestContext {
  const current = holder[RUNNING];
  if (current === undefined) {
    throw new Error('leastwork/task: there is no running request here; use it inside a task, while it runs');
  }
  return current;
}

/**
 * The context of the request that runs in this thread. Its members throw outside of a running task, and
 * `worker` outside of a worker's thread.
 */
export const context: TaskContext = {
  get worker() {
    const worker = holder[WORKER];
    if (worker === undefined) throw new Error('leastwork/task: this is no thread of a Balancer');
    return worker;
  },
  get requestId() {
    return running().requestId;
  },
  get value() {
    return running().value;
  },
  get signal() {
    return running().signal;
  },
  progress(value) {
    running().progress(value);
  },
};

/** A result with parts that are transferred, not copied. */
export interface Transferred<T> {
  readonly [TRANSFER_MARK]: readonly object[];
  readonly value: T;
  /**
   * Makes structured clone refuse the mark itself: one that is not taken off is an error, and does not arrive
   * in the value's place.
   */
  readonly refused: () => void;
}

/**
 * Marks a task's result to be transferred: `return transfer(bytes, [bytes.buffer])`. The caller gets the
 * value itself.
 *
 * @param value the whole result, or a yielded value. A mark inside of another value gives `ERR_NOT_CLONEABLE`
 * @param list the ArrayBuffers, MessagePorts and so on in it that move to the caller's thread
 * @throws InvalidOptionError an item of the list cannot be transferred, is listed twice, or is not in the
 *   value
 */
export function transfer<T>(value: T, list: readonly object[]): T {
  checkTransferList('the list of transfer()', list, value, 'the result');
  const marked: Transferred<T> = { [TRANSFER_MARK]: list, value, refused() {} };
  return marked as T;
}

/**
 * For a module that threads preload: has each task run in the context of its caller. What travels is what the
 * caller's side has captured; `leastwork/opentelemetry` uses both ends.
 *
 * @param restorer calls `run` in the context that the carrier stands for, and returns what it returns. There
 *   is
 *   one at a time: the last one counts
 * @returns ends that
 */
export function restoreContext(restorer: <R>(carrier: Carrier, run: () => R) => R): () => void {
  return register(restorer);
}

/** For the work loop: the list of a marked result, else `undefined`. */
export function transferListOf(value: object): readonly object[] | undefined {
  return (value as Partial<Transferred<unknown>>)[TRANSFER_MARK];
}

/** For the work loop: sets the running request; `undefined` between requests. */
export function enter(current: RequestContext | undefined): void {
  holder[RUNNING] = current;
}

/** For the work loop: says which worker this thread is. */
export function identify({ id, slot }: WorkerIdentity): void {
  holder[WORKER] = Object.freeze({ id, slot });
}
