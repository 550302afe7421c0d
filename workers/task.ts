/// <reference types="node" preserve="true" />
/**
 * What a task can import while it runs: `import { context, transfer } from 'leastwork/task'`.
 *
 * The state lives on a global symbol, so that a task finds it whichever copy of the package it imports (a bundled
 * program may hold two).
 */
import { checkTransfer } from '../src/values/transfer-list.js';

/**
 * The running request, as its task sees it. A thread has one at a time: a callback that is left behind, and comes when the next request runs,
 * sees that one's.
 */
export interface TaskContext {
  /** Number of the request within its Balancer. */
  readonly requestId: number;
  /** The value of `submit`'s `context` option. */
  readonly value: unknown;
  /**
   * Aborted when the caller's signal is, or when the request's time is up. A task that notices and ends within the
   * grace period keeps its thread alive. `signal.aborted` is up to date in synchronous code, too.
   */
  readonly signal: AbortSignal;
  /**
   * Sends a value to the caller's `onProgress`. In order, and before the result.
   * @throws NotCloneableError when it cannot be cloned
   */
  progress(value: unknown): void;
}

const RUNNING = Symbol.for('leastwork.context');
const TRANSFER = Symbol.for('leastwork.transfer');
const holder = globalThis as { [RUNNING]?: TaskContext };

function running(): TaskContext {
  const current = holder[RUNNING];
  if (current === undefined) {
    throw new Error('leastwork/task: there is no running request here; use it inside a task, while it runs');
  }
  return current;
}

/**
 * The context of the request that runs in this thread.
 * Its members throw outside of a running task.
 */
export const context: TaskContext = {
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

/** A result whose parts are to be transferred, not copied. */
export interface Transferred<T> {
  readonly [TRANSFER]: readonly object[];
  readonly value: T;
  /** Refused by every way of sending a value: a mark that is not taken off is told, and does not arrive in the value's place. */
  readonly refused: () => void;
}

/**
 * Marks what a task's result transfers: `return transfer(bytes, [bytes.buffer])`. The caller gets the value itself.
 *
 * @param value the result, or what is yielded, as a whole: inside another value the mark gives `ERR_NOT_CLONEABLE`
 * @param list the ArrayBuffers, MessagePorts and so on inside it that move to the caller's thread
 * @throws InvalidOptionError one of the list cannot be transferred, is in it twice, or is not in the value
 */
export function transfer<T>(value: T, list: readonly object[]): T {
  checkTransfer('the list of transfer()', list, value, 'the result');
  const marked: Transferred<T> = { [TRANSFER]: list, value, refused() {} };
  return marked as T;
}

/** For the work loop: the list of a marked result, else `undefined`. */
export function transferListOf(value: object): readonly object[] | undefined {
  return (value as Partial<Transferred<unknown>>)[TRANSFER];
}

/** For the work loop: what `context` shows from now on; `undefined` between requests. */
export function enter(current: TaskContext | undefined): void {
  holder[RUNNING] = current;
}
