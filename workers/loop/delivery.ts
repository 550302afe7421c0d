/**
 * How the outcome of a request leaves the thread: in the completion slot if it fits, else by message, and the
 * slot says so.
 */
import { encodeFailure, type Failure } from '../../src/errors/failure.js';
import type { Window } from '../../src/protocol/window.js';
import { flags } from '../../src/values/slot-format.js';
import { writeOne, writeStored } from '../../src/values/slot-writer.js';
import type { Output } from '../output.js';
import { withoutWorkLoop } from './frames.js';
import { ResultArena } from './result-arena.js';
import { sendMarked, type WorkerChannel } from './send.js';
import { Tallies } from './tallies.js';

export class Delivery {
  readonly #window: Window;
  readonly #channel: WorkerChannel;
  readonly #output: Output;

  /**
   * Messages were sent since the last completion that the main thread must receive before it reads the next
   * one.
   */
  #hasSent = false;
  /** `undefined`: the main thread has given no memory for results. */
  #arena: ResultArena | undefined;
  /** `undefined`: it counts nothing. */
  #tallies: Tallies | undefined;

  constructor(window: Window, channel: WorkerChannel, output: Output) {
    this.#window = window;
    this.#channel = channel;
    this.#output = output;
  }

  /** Results that do not fit a slot go there from now on, if they are fit for it. */
  useMemory(buffer: SharedArrayBuffer): void {
    this.#arena = new ResultArena(buffer, this.#window.capacity);
  }

  /** From now on it counts times of that task's runs there. */
  countIn(task: number, memory: SharedArrayBuffer): void {
    this.#tallies ??= new Tallies(this.#window);
    this.#tallies.use(task, memory);
  }

  /** It counts runs of these tasks no more. */
  forgetTasks(tasks: readonly number[]): void {
    this.#tallies?.forget(tasks);
  }

  /** A message was sent that must arrive before the next completion is read. */
  sent(): void {
    this.#hasSent = true;
  }

  /** Sends what has been printed. */
  flushOutput(): void {
    this.#output.flush();
  }

  /** Completes the request at `position` with its result. Never throws. */
  result(position: number, id: number, value: unknown, runTime: number): void {
    const slot = this.#window.completionSlot(position);
    this.#arena?.begin(position);
    let kind = writeOne(this.#window.memory, slot, value, this.#arena);
    if (kind < 0) {
      kind = flags.byMessage;
      try {
        sendMarked(
          this.#channel,
          value,
          'the result',
          (parts) => {
            return { type: 'result', id, failure: undefined, ...parts };
          },
          this.#arena &&
            ((tree) => {
              const stored = writeStored(this.#window.memory, slot, tree, (this.#arena as ResultArena).arena);
              if (stored >= 0) kind = stored;
              return stored >= 0;
            }),
        );
      } catch (error) {
        this.#sendFailure(id, encodeFailure(error));
      }
    }
    this.#publishRun(slot, position, id, kind, runTime);
  }

  /** Completes the request at `position` with the value that its task threw. Never throws. */
  failure(position: number, id: number, thrown: unknown, runTime: number): void {
    this.#sendFailure(id, encodeFailure(thrown, withoutWorkLoop));
    this.#publishRun(this.#window.completionSlot(position), position, id, flags.byMessage, runTime);
  }

  /** Completes the request at `position`, which was not run since its queue time was over. Never throws. */
  expired(position: number, id: number): void {
    this.#publish(this.#window.completionSlot(position), position, id, flags.expired, 0);
  }

  #publishRun(slot: number, position: number, id: number, kind: number, runTime: number): void {
    const counted = this.#tallies === undefined ? 0 : this.#tallies.count(position, id, runTime);
    this.#publish(slot, position, id, kind | counted, runTime);
  }

  #publish(slot: number, position: number, id: number, kind: number, runTime: number): void {
    if (this.#output.isPending) this.#output.flush();
    const { i32, f32 } = this.#window.memory;
    i32[slot] = id;
    i32[slot + 1] = this.#hasSent ? kind | flags.hasSent : kind;
    f32[slot + 2] = runTime;
    i32[slot + 3] = this.#channel.sent;
    this.#hasSent = false;
    this.#arena?.end(position);
    this.#window.runStarts.set(position, this.#window.status.startedAt);
    this.#window.complete(position);
  }

  #sendFailure(id: number, failure: Failure): void {
    this.#channel.send({
      type: 'result',
      id,
      value: undefined,
      tree: undefined,
      failure,
      buffers: undefined,
      errors: undefined,
    });
  }
}
