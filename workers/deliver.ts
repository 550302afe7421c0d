/** How a result leaves the thread: in the completion slot if it fits, else by message and the slot says so. */
import type { Transferable } from 'node:worker_threads';
import type { Channel } from '../src/channel.js';
import { findUncloneable } from '../src/cloneable.js';
import { NotCloneableError } from '../src/errors.js';
import { encodeFailure, type Failure } from '../src/failure.js';
import { flags, writeOne } from '../src/payload.js';
import type { ArgumentsMessage, ToMain, ToWorker } from '../src/protocol.js';
import { detachedAt } from '../src/transferable.js';
import { compactViews } from '../src/views.js';
import type { Window } from '../src/window.js';
import { transferListOf } from './task.js';

export type WorkerChannel = Channel<ToWorker, ToMain, ArgumentsMessage>;

export class Delivery {
  readonly #window: Window;
  readonly #channel: WorkerChannel;

  /** Something was sent by message since the last completion. */
  #announced = false;

  constructor(window: Window, channel: WorkerChannel) {
    this.#window = window;
    this.#channel = channel;
  }

  /** A message has been sent that the main thread is to receive before it reads the next completion. */
  announceMessage(): void {
    this.#announced = true;
  }

  /** Completes the request at `position` with its result. Never throws. */
  result(position: number, id: number, value: unknown, runTime: number): void {
    const slot = this.#window.completionSlot(position);
    let kind = writeOne(this.#window.memory, slot, value);
    if (kind < 0) {
      kind = flags.byMessage;
      try {
        this.#sendValue(id, value as object);
      } catch (error) {
        kind |= flags.failed;
        this.#sendFailure(id, this.#explain(value, error));
      }
    }
    this.#publish(slot, position, id, kind, runTime);
  }

  /** Completes the request at `position` with what its task threw. Never throws. */
  failure(position: number, id: number, thrown: unknown, runTime: number): void {
    this.#sendFailure(id, encodeFailure(thrown));
    this.#publish(
      this.#window.completionSlot(position),
      position,
      id,
      flags.byMessage | flags.failed,
      runTime,
    );
  }

  #publish(slot: number, position: number, id: number, kind: number, runTime: number): void {
    const { i32, f32 } = this.#window.memory;
    i32[slot] = id;
    i32[slot + 1] = kind;
    f32[slot + 2] = runTime;
    i32[slot + 3] = this.#announced ? 1 : 0;
    this.#announced = false;
    this.#window.complete(position);
  }

  #sendValue(id: number, marked: object): void {
    const list =
      typeof marked === 'object' || typeof marked === 'function' ? transferListOf(marked) : undefined;
    const value = list === undefined ? marked : (marked as { value: unknown }).value;
    const detached = list === undefined ? -1 : detachedAt(list);
    if (detached >= 0) {
      throw new NotCloneableError(`the list of transfer()[${detached}]`, 'a detached ArrayBuffer');
    }
    this.#channel.send(
      {
        type: 'result',
        id,
        value: compactViews(value, list),
        failure: undefined,
        isBuffer: Buffer.isBuffer(value),
      },
      list as readonly Transferable[] | undefined,
    );
  }

  #sendFailure(id: number, failure: Failure): void {
    this.#channel.send({ type: 'result', id, value: undefined, failure, isBuffer: false });
  }

  #explain(value: unknown, error: unknown): Failure {
    if (error instanceof NotCloneableError) return encodeFailure(error);
    try {
      return encodeFailure(findUncloneable(value, 'the result', { cause: error }));
    } catch (failure) {
      return encodeFailure(failure);
    }
  }
}
