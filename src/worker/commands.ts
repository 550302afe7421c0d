/** Commands that a worker's thread gets by message; those about a request have no effect once it is over. */

import { encodeFailure } from '../errors/failure.js';
import type { Window } from '../protocol/window.js';
import type { Request } from '../requests/request.js';
import type { MainChannel } from './connection.js';

export class Commands {
  readonly #channel: MainChannel;
  readonly #window: Window;

  constructor(channel: MainChannel, window: Window) {
    this.#channel = channel;
    this.#window = window;
  }

  /** Asks for a beat; see `Worker.beats`. */
  ping(): void {
    this.#channel.send({ type: 'ping' });
  }

  /**
   * Aborts the signal of the running task. Of a chunk: of its running item, and no further one is started.
   */
  cancel(request: Request, reason: unknown): void {
    const item = request.extras?.chunk === undefined ? 0 : this.stopChunk(request);
    if (item >= 0) this.cancelItem(request, item, reason);
  }

  /** Aborts the signal of one item of a chunk. */
  cancelItem(request: Request, index: number, reason: unknown): void {
    const id = request.id + index;
    this.#window.marks.cancel(id);
    this.#channel.send({ type: 'abort', id, reason: encodeFailure(reason) });
  }

  /** Has no further item of a chunk started. @returns the item that runs now; -1: none */
  stopChunk(request: Request): number {
    this.#window.marks.stop(request.id);
    const index = this.#window.status.item();
    request.extras?.chunk?.stopped(index);
    return index;
  }

  /** Lets a streaming task send that many values more. */
  credit(request: Request, values: number): void {
    this.#channel.send({ type: 'credit', id: request.id, values });
  }

  /** Tells a streaming task that its caller takes no more values. */
  stopStream(request: Request): void {
    this.#channel.send({ type: 'return', id: request.id });
  }

  /** Asks for the answer `here`, from a thread that may be asleep. */
  call(): void {
    this.#channel.send({ type: 'call' });
    this.#wake();
  }

  /** Lets the thread end when its window is empty. */
  retire(): void {
    this.#channel.send({ type: 'retire' });
    this.#wake();
  }

  #wake(): void {
    if (this.#window.ring()) this.#channel.send({ type: 'ring' });
  }
}
