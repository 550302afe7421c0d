/** What a claimed request needs before it runs: its function and its arguments. */
import { NotCloneableError } from '../../src/errors/errors.js';
import { encodeFailure } from '../../src/errors/failure.js';
import { CLOCK_OFFSET } from '../../src/protocol/clock.js';
import type { ArgumentsMessage } from '../../src/protocol/messages.js';
import type { Window } from '../../src/protocol/window.js';
import { restoreErrors } from '../../src/values/error-details.js';
import { restoreBuffers } from '../../src/values/restore-buffers.js';
import { flags } from '../../src/values/slot-format.js';
import type { Functions } from '../functions/functions.js';
import { isUndecided } from '../functions/module.js';
import type { TaskFunction } from '../functions/task-function.js';
import type { ArgumentSignals } from '../input/argument-signals.js';
import type { Arguments } from '../input/arguments.js';
import { now } from './natives.js';
import type { WorkerChannel } from './send.js';

/** Thrown instead of an error: the queue time of the request was over when it was ready to start. */
export const OVERDUE: unique symbol = Symbol('overdue');

/** @param due in ms of `performance.now() + CLOCK_OFFSET`; `Infinity`: never */
export function isOver(due: number): boolean {
  return due !== Number.POSITIVE_INFINITY && now() + CLOCK_OFFSET >= due;
}

export class Preparation {
  readonly #window: Window;
  readonly #channel: WorkerChannel;
  readonly #functions: Functions;
  readonly #arguments: Arguments;
  readonly #signals: ArgumentSignals;
  /** Until when the request must have started whose function is being loaded. */
  #due = Number.POSITIVE_INFINITY;

  constructor(
    window: Window,
    channel: WorkerChannel,
    functions: Functions,
    args: Arguments,
    signals: ArgumentSignals,
  ) {
    this.#window = window;
    this.#channel = channel;
    this.#functions = functions;
    this.#arguments = args;
    this.#signals = signals;
  }

  /** The queue time of the claimed request is over: its arguments are not wanted. @param kind of its slot */
  forget(position: number, kind: number): void {
    if ((kind & flags.byMessage) === 0) return;
    const slot = this.#window.requestSlot(position);
    this.#arguments.drop([this.#window.memory.i32[slot + 3] as number]);
  }

  /**
   * The function of a task that has not been used here yet.
   * @param id of the request
   * @param due until when it must have started, as for `isOver`
   */
  find(task: number, id: number, due: number): TaskFunction | Promise<TaskFunction> {
    this.#due = due;
    while (!this.#functions.has(task) && this.#channel.receiveNext());
    const found = this.#functions.get(task);
    if (typeof found === 'function') this.#loaded(id);
    return found;
  }

  /** Waits for a function that is being loaded. @param id of the request */
  async whenLoaded(id: number, loading: Promise<TaskFunction>): Promise<TaskFunction> {
    let task: TaskFunction;
    try {
      task = await loading;
    } catch (error) {
      if (!isUndecided(error)) throw error;
      this.#channel.send({ type: 'spent', reason: encodeFailure(error) });
      // The main thread ends this one.
      return await new Promise(() => {});
    }
    this.#loaded(id);
    return task;
  }

  /**
   * The message with the arguments of a request, as it came.
   * @param due until when the request must have started: large arguments take long to read
   * @throws NotCloneableError it cannot be read
   * @throws OVERDUE
   */
  read(sending: number, due: number): ArgumentsMessage {
    const message = this.#arguments.take(sending);
    if (isOver(due)) throw OVERDUE;
    if (message !== undefined) return message;
    const cause = this.#arguments.unreadable;
    throw new NotCloneableError('arguments', 'something that the worker could not read', { cause });
  }

  /** The same, with signals, Buffers and errors in it made what they were. */
  argumentsOf(sending: number, due: number): ArgumentsMessage {
    const message = this.read(sending, due);
    this.#signals.begin(message);
    restoreBuffers(message.buffers);
    restoreErrors(message.errors);
    return message;
  }

  /** The function is loaded, and the request about to start: unless it was cancelled in the meantime. */
  #loaded(id: number): void {
    const mayStart = this.#window.status.mayStart(id);
    // Nobody waits for its result any more.
    if (!mayStart || this.#window.marks.isCancelled(id))
      throw new Error('cancelled before its function was loaded');
    if (isOver(this.#due)) throw OVERDUE;
  }
}
