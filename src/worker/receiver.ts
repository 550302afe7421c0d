/**
 * Receives messages about requests from a thread: results that do not fit a slot, progress, yields, output,
 * and transferred arguments that come back. The counterpart of `sender.ts`.
 */

import { NotCloneableError } from '../errors/errors.js';
import { encodeFailure } from '../errors/failure.js';
import type { ArgumentsMessage, ResultMessage, ToMain } from '../protocol/messages.js';
import type { Request } from '../requests/request.js';
import { callUser } from '../requests/user-callback.js';
import { restoreBuffers } from '../values/restore-buffers.js';
import type { MainChannel } from './connection.js';
import type { InFlight } from './in-flight.js';
import type { Sender } from './sender.js';

/** Messages about requests, not about the thread. */
export type FromTasks = Exclude<ToMain, { readonly type: 'wake' | 'here' | 'ready' | 'unready' }>;

export class Receiver {
  readonly #channel: MainChannel;
  readonly #inFlight: InFlight;
  readonly #sender: Sender;

  constructor(channel: MainChannel, inFlight: InFlight, sender: Sender) {
    this.#channel = channel;
    this.#inFlight = inFlight;
    this.#sender = sender;
  }

  receive(message: FromTasks): void {
    switch (message.type) {
      case 'result':
        this.#channel.stash(message.id, message);
        break;
      case 'outcome':
        restoreBuffers(message.buffers);
        this.#inFlight.find(message.id)?.extras?.chunk?.received(message);
        break;
      case 'progressed':
        this.#inFlight.find(message.id)?.extras?.chunk?.progressed();
        break;
      case 'output':
        callUser(() => process[message.stream].write(message.chunk));
        break;
      case 'progress':
        restoreBuffers(message.buffers);
        this.#progressed(this.#inFlight.find(message.id), message.value);
        break;
      case 'yielded':
        restoreBuffers(message.buffers);
        this.#inFlight.find(message.id)?.extras?.onYield?.(message.value);
        break;
      case 'returned':
        this.#takeReturned(message.arguments);
        break;
    }
  }

  /** The result of a request whose completion slot says `byMessage`; a failure if it could not be read. */
  takeResult(id: number): ResultMessage {
    const message = this.#channel.take(id);
    if (message === undefined) {
      const cause = this.#channel.unreadable;
      const error = new NotCloneableError('the result', 'something that this thread could not read', {
        cause,
      });
      return { type: 'result', id, value: undefined, failure: encodeFailure(error), buffers: undefined };
    }
    restoreBuffers(message.buffers);
    return message;
  }

  #progressed(request: Request | undefined, value: unknown): void {
    if (request === undefined || request.isSettled) return;
    callUser(() => request.extras?.onProgress?.(value));
  }

  /** Transferred arguments have come back from a thread that ended before it started their request. */
  #takeReturned({ id, values, buffers, context, transferred }: ArgumentsMessage): void {
    const request = this.#inFlight.find(id);
    const extras = request?.extras;
    if (request === undefined || extras === undefined || request.isSettled) return;
    const whole = { values: [...values], context };
    this.#sender.restoreSignals(request, whole);
    restoreBuffers(buffers);
    request.args = whole.values;
    extras.context = whole.context;
    extras.transfer = transferred;
    extras.away = false;
  }
}
