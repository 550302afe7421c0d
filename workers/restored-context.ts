/**
 * The context in which a task runs: that of its caller, if a module of the thread restores it from what has
 * travelled with the request. Nothing is paid for where nobody has registered.
 *
 * It is on `globalThis`, under a registered symbol, so that a module finds it from any copy of the package.
 */
import type { Carrier } from '../src/protocol/messages.js';
import type { TaskFunction } from './functions/task-function.js';

/**
 * Calls `run` in the context that the carrier stands for, and returns what it returns.
 * @param carrier what the caller's side has captured, as in `{ traceparent: '00-…' }`
 */
export type ContextRestorer = <R>(carrier: Carrier, run: () => R) => R;

const RESTORER = Symbol.for('leastwork.restoreContext');
const holder = globalThis as { [RESTORER]?: ContextRestorer | undefined };

/** The last restorer counts. @returns ends that */
export function register(restorer: ContextRestorer): () => void {
  holder[RESTORER] = restorer;
  return () => {
    if (holder[RESTORER] === restorer) holder[RESTORER] = undefined;
  };
}

/** The task, to be run in its caller's context. */
export function inContextOf<Task extends TaskFunction | Promise<TaskFunction>>(
  carrier: Carrier | undefined,
  task: Task,
): TaskFunction | Task {
  const restorer = holder[RESTORER];
  if (carrier === undefined || restorer === undefined) return task;
  return typeof task === 'function'
    ? (...args) => restorer(carrier, () => task(...args))
    : (task.then((loaded) => inContextOf(carrier, loaded)) as Task);
}
