/**
 * Receives messages about requests from a thread: results that do not fit a slot, progress, yields, output,
 * and transferred arguments that come back. The counterpart of `sender.ts`.
 */

import type { NotCloneableError } from '../errors/errors.js';
import { encodeFailure } from '../errors/failure.js';
import type { ArgumentsMessage, ResultMessage, ToMain } from '../protocol/messages.js';
import type { Request } from '../requests/request.js';
import { callUser } from '../requests/user-callback.js';
import { restore } from '../values/carried.js';
import { restoreErrors } from '../values/error-details.js';
import { restoreBuffers } from '../values/restore-buffers.js';
import type { MainChannel } from './connection.js';
import type { InFlight } from './in-flight.js';
import type { ResultMemory } from './result-memory.js';
import type { Sender } from './sender.js';
import type { TaskOutput } from './task-output.js';
import { notReadable, type UnreadableMessages } from './unreadable-messages.js';

/** Messages about requests, not about the thread. */
export type FromTasks = Exclude<ToMain, 'wake' | { readonly type: 'here' | 'ready' | 'unready' | 'spent' }>;

export class Receiver {
  readonly #channel: MainChannel;
  readonly #inFlight: InFlight;
  readonly #sender: Sender;
  readonly #unreadable: UnreadableMessages;
  readonly #output: TaskOutput;
  readonly #results: ResultMemory;

  constructor(
    channel: MainChannel,
    inFlight: InFlight,
    sender: Sender,
    unreadable: UnreadableMessages,
    output: TaskOutput,
    results: ResultMemory,
  ) {
    this.#results = results;
    this.#output = output;
    this.#unreadable = unreadable;
    this.#channel = channel;
    this.#inFlight = inFlight;
    this.#sender = sender;
  }

  receive(message: FromTasks): void {
    switch (message.type) {
      case 'result':
        this.#results.cameByMessage(message);
        this.#channel.stash(message.id, message);
        break;
      case 'outcome':
        restore(message);
        this.#inFlight.find(message.id)?.extras?.chunk?.received(message);
        break;
      case 'progressed':
        this.#output.over();
        this.#inFlight.find(message.id)?.extras?.chunk?.progressed(message.count);
        break;
      case 'output':
        this.#output.received(message.stream, message.chunk, message.id);
        break;
      case 'progress':
        restore(message);
        this.#progressed(this.#inFlight.find(message.id), message.value);
        break;
      case 'yielded':
        restore(message);
        if (!this.#unreadable.hasFailed(message.id))
          this.#inFlight.find(message.id)?.extras?.onYield?.(message.value);
        break;
      case 'returned':
        this.#takeReturned(message.arguments);
        break;
    }
  }

  /**
   * The message of a completed request; a failure if one of its messages could not be read.
   * @param byMessage its completion slot says so
   * @returns undefined: its result is in the slot
   */
  takeResult(id: number, byMessage: boolean): ResultMessage | undefined {
    this.#output.over();
    const error = this.#unreadable.take(id);
    const message = byMessage ? this.#channel.unstash(id) : undefined;
    if (byMessage && message === undefined) return failed(id, notReadable('the result', error?.cause));
    if (error !== undefined && message?.failure === undefined) return failed(id, error);
    if (message === undefined) return undefined;
    restore(message);
    return message;
  }

  #progressed(request: Request | undefined, value: unknown): void {
    if (request === undefined || request.isSettled) return;
    callUser(() => request.extras?.onProgress?.(value));
  }

  /** Transferred arguments have come back from a thread that ended before it started their request. */
  #takeReturned({ id, values, buffers, errors, context, transferred }: ArgumentsMessage): void {
    const request = this.#inFlight.find(id);
    const extras = request?.extras;
    if (request === undefined || extras === undefined || request.isSettled) return;
    const whole = { values: [...values], context };
    this.#sender.restoreSignals(request, whole);
    restoreBuffers(buffers);
    restoreErrors(errors);
    request.args = whole.values;
    extras.context = whole.context;
    extras.transfer = transferred;
    extras.away = false;
  }
}

function failed(id: number, error: NotCloneableError): ResultMessage {
  const failure = encodeFailure(error);
  return {
    type: 'result',
    id,
    value: undefined,
    tree: undefined,
    failure,
    buffers: undefined,
    errors: undefined,
  };
}
