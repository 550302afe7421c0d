/**
 * A failure of the Balancer itself, as opposed to an error thrown by a task. Match by `code`, which is
 * stable.
 */
export class BalancerError extends Error {
  /** Stable code, `ERR_…`. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
  override get name(): string {
    return this.constructor.name;
  }
}

/**
 * An option or argument is of the wrong type or out of range. Thrown at once, before anything is sent;
 * functions that return a promise reject with it.
 */
export class InvalidOptionError extends BalancerError {
  /** The option's name, as in `submit options.timeout`. */
  readonly option: string;
  constructor(option: string, given: string, allowed: string) {
    super('ERR_INVALID_OPTION', `${option}: got ${given}, expected ${allowed}`);
    this.option = option;
  }
}

/** `submit` found `maxQueue` requests waiting. Wait for `balancer.ready()`, or raise `maxQueue`. */
export class QueueFullError extends BalancerError {
  /** The limit that was reached. */
  readonly maxQueue: number;
  constructor(maxQueue: number) {
    super(
      'ERR_QUEUE_FULL',
      `the queue is full (maxQueue: ${maxQueue}): await balancer.ready() before submitting more`,
    );
    this.maxQueue = maxQueue;
  }
}

/** The request ran longer than its `timeout`, or waited longer than its `queueTimeout`. */
export class TaskTimeoutError extends BalancerError {
  /** Which clock ran out: from the start of the run, or from `submit`. */
  readonly phase: 'run' | 'queue';
  /** The limit, in ms. */
  readonly timeout: number;
  /** @param place where an inline function was first submitted, if that is known */
  constructor(taskName: string, phase: 'run' | 'queue', timeout: number, place?: string) {
    const what = phase === 'run' ? 'finish within its timeout' : 'start within its queueTimeout';
    super(
      'ERR_TASK_TIMEOUT',
      `task '${taskName}' did not ${what} of ${timeout} ms${place === undefined ? '' : ` (first submitted at ${place})`}`,
    );
    this.phase = phase;
    this.timeout = timeout;
  }
}

/**
 * The thread died while it was running this request. `cause` is the uncaught error, where there was one;
 * `stderr` may tell more.
 */
export class WorkerCrashedError extends BalancerError {
  /** The thread's exit code, if known. */
  readonly exitCode: number | undefined;
  /** Number of the request within its Balancer. */
  readonly requestId: number;
  /** Name of the task that was running. */
  readonly taskName: string;
  /** Id of the worker. */
  readonly workerId: number;
  /** The last lines that the thread wrote to stderr: at most 20, and 8 KiB; empty if there were none. */
  readonly stderr: string;
  constructor(detail: {
    exitCode?: number;
    requestId: number;
    taskName: string;
    workerId: number;
    stderr: string;
    why: string;
    cause?: unknown;
  }) {
    super(
      'ERR_WORKER_CRASHED',
      `the worker died while running task '${detail.taskName}' (request ${detail.requestId}, worker ${detail.workerId}): ${detail.why}`,
      detail.cause === undefined ? undefined : { cause: detail.cause },
    );
    this.exitCode = detail.exitCode;
    this.requestId = detail.requestId;
    this.taskName = detail.taskName;
    this.workerId = detail.workerId;
    this.stderr = detail.stderr;
  }
}

/** The Balancer is closed, or was closed with a timeout before the request could finish. */
export class BalancerClosedError extends BalancerError {
  constructor(message = 'the Balancer is closed and takes no more requests') {
    super('ERR_BALANCER_CLOSED', message);
  }
}

/** There is no worker to run the request: none can be started, or the set is empty. `cause` says why. */
export class NoWorkerError extends BalancerError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_NO_WORKER', message, options);
  }
}

/** No route of the Router matches the task. */
export class NoRouteError extends BalancerError {
  /** The name that no route matched. */
  readonly taskName: string;
  constructor(taskName: string, routes: readonly string[]) {
    super(
      'ERR_NO_ROUTE',
      `no route matches task '${taskName}'; routes are: ${routes.join(', ') || '(none)'}`,
    );
    this.taskName = taskName;
  }
}

/** An argument or result cannot be cloned to the other thread. `path` says where in it. */
export class NotCloneableError extends BalancerError {
  /** Where the value sits, as in `arguments[0].callback`. */
  readonly path: string;
  constructor(path: string, what: string, options?: ErrorOptions) {
    super(
      'ERR_NOT_CLONEABLE',
      `${path} is ${what}, which cannot be sent to another thread (structured clone)`,
      options,
    );
    this.path = path;
  }
}

/** An inline function uses names from around it, which do not exist in a worker thread. */
export class CapturedVariableError extends BalancerError {
  /** Each name with its first position in the function's source (1-based line, 1-based column). */
  readonly variables: readonly { name: string; line: number; column: number }[];
  constructor(message: string, variables: readonly { name: string; line: number; column: number }[]) {
    super('ERR_CAPTURED_VARIABLE', message);
    this.variables = variables;
  }
}

/** What was given as the task is not a function that can be sent. */
export class NotAFunctionError extends BalancerError {
  constructor(message: string) {
    super('ERR_NOT_A_FUNCTION', message);
  }
}

/** The task's module does not load, or does not export what was asked for. */
export class TaskNotFoundError extends BalancerError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_TASK_NOT_FOUND', message, options);
  }
}

/**
 * The name of its class, on each prototype of the classes above. Another copy of this package sets the same
 * mark.
 */
export const CLASS_MARK = Symbol.for('leastwork.error');

/** The classes above, by name. */
export const ERROR_CLASSES = {
  BalancerError,
  InvalidOptionError,
  QueueFullError,
  TaskTimeoutError,
  WorkerCrashedError,
  BalancerClosedError,
  NoWorkerError,
  NoRouteError,
  NotCloneableError,
  CapturedVariableError,
  NotAFunctionError,
  TaskNotFoundError,
};

/**
 * For `instanceof`: an error of another copy of the class counts, too. Each thread runs a copy of its own,
 * whose errors a task meets as the reason of its signal; and a bundled program may hold several copies.
 */
function isInstance(this: { readonly prototype: object }, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
  const mark = markOf(this.prototype);
  if (mark === undefined) return false;
  let at = value;
  while (typeof at === 'object' && at !== null && markOf(at) !== mark) at = Object.getPrototypeOf(at);
  return typeof at === 'object' && at !== null;
}

/** `undefined` for a class derived from one of these outside of this file. */
function markOf(prototype: object): unknown {
  return Object.getOwnPropertyDescriptor(prototype, CLASS_MARK)?.value;
}

for (const [name, each] of Object.entries(ERROR_CLASSES)) {
  Object.defineProperty(each.prototype, CLASS_MARK, { __proto__: null, value: name } as PropertyDescriptor);
  Object.defineProperty(each, Symbol.hasInstance, {
    __proto__: null,
    value: isInstance,
  } as PropertyDescriptor);
}
