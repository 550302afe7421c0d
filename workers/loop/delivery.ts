/** How a result leaves the thread: in the completion slot if it fits, else by message and the slot says so. */
import type { Transferable } from 'node:worker_threads';
import { NotCloneableError } from '../../src/errors/errors.js';
import { encodeFailure, type Failure } from '../../src/errors/failure.js';
import type { Channel } from '../../src/protocol/channel.js';
import type { ToMain, ToWorker } from '../../src/protocol/messages.js';
import type { Window } from '../../src/protocol/window.js';
import { findUncloneable } from '../../src/values/clone-errors.js';
import { pack } from '../../src/values/pack.js';
import { flags, writeOne } from '../../src/values/slot-codec.js';
import { detachedAt } from '../../src/values/transfer-list.js';
import { transferListOf } from '../task.js';
import { withoutWorkLoop } from './frames.js';

export type WorkerChannel = Channel<ToWorker, ToMain>;

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
        sendMarked(this.#channel, value, 'the result', (plain, buffers) => {
          return { type: 'result', id, value: plain, failure: undefined, buffers };
        });
      } catch (error) {
        kind |= flags.failed;
        this.#sendFailure(id, encodeFailure(error));
      }
    }
    this.#publish(slot, position, id, kind, runTime);
  }

  /** Completes the request at `position` with what its task threw. Never throws. */
  failure(position: number, id: number, thrown: unknown, runTime: number): void {
    this.#sendFailure(id, encodeFailure(thrown, withoutWorkLoop));
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
    i32[slot + 3] = this.#announced ? this.#channel.sent : 0;
    this.#announced = false;
    this.#window.complete(position);
  }

  #sendFailure(id: number, failure: Failure): void {
    this.#channel.send({ type: 'result', id, value: undefined, failure, buffers: undefined });
  }
}

type MessageOf = (value: unknown, buffers: readonly ArrayBufferView[] | undefined) => ToMain;

/**
 * Sends a value by message, with what `transfer()` has marked of it.
 *
 * @param what the value is called in the error: `the result`
 * @throws NotCloneableError saying where in it; then nothing was sent
 */
export function sendMarked(
  channel: WorkerChannel,
  marked: unknown,
  what: string,
  messageOf: MessageOf,
): void {
  const isObject = (typeof marked === 'object' && marked !== null) || typeof marked === 'function';
  let value = marked;
  let list: readonly object[] | undefined;
  try {
    if (isObject) list = transferListOf(marked);
    if (list !== undefined) value = (marked as { value: unknown }).value;
    const detached = list === undefined ? -1 : detachedAt(list);
    if (detached >= 0) {
      throw new NotCloneableError(`the list of transfer()[${detached}]`, 'a detached ArrayBuffer');
    }
  } catch (error) {
    throw refusal(error, value, list, what);
  }
  sendWhole(channel, value, list, what, messageOf);
}

/** The same of a value that is not marked. */
export function sendWhole(
  channel: WorkerChannel,
  given: unknown,
  list: readonly object[] | undefined,
  what: string,
  messageOf: MessageOf,
): void {
  try {
    const { value, buffers, signals } = pack(given, list);
    // The clone would make an empty object of it.
    if (signals !== undefined) throw new Error('an AbortSignal can be sent to a task only');
    channel.send(messageOf(value, buffers), list as readonly Transferable[] | undefined);
  } catch (error) {
    throw refusal(error, given, list, what);
  }
}

function refusal(
  cause: unknown,
  value: unknown,
  transfer: readonly object[] | undefined,
  what: string,
): NotCloneableError {
  return cause instanceof NotCloneableError
    ? cause
    : findUncloneable(value, what, { cause, transfer, list: 'the list of transfer()' });
}
