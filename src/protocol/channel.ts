/**
 * A message port with a stash: a message for a request is kept under the request's id until the slot that
 * announces it is read. Used by both sides.
 *
 * A sender sends before it publishes the slot, and the slot says how many messages that makes. So the reader
 * of a slot that says `byMessage` finds the message in the port's queue, without waiting. (Arguments have a
 * port of their own: see `workers/input/arguments.ts`.)
 */
import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';
import { withCleanPrototype } from './clean-prototype.js';
import { Stash } from './stash.js';

/** Hears what becomes of messages that arrive. They are counted modulo 2^32, from 1. */
export interface ChannelObserver {
  /** So many have been received. */
  received(count: number): void;
  /** The last one received cannot be read in this thread. Later messages are not affected. */
  unreadable(number: number, error: unknown): void;
  /** Called with each message that is an object, before anything else looks at it. */
  adopt?(message: object): void;
}

export class Channel<Incoming, Outgoing, Stashed = unknown> {
  readonly #port: MessagePort;
  readonly #stash = new Stash<Stashed>();
  readonly #receive: (message: Incoming) => void;
  readonly #observer: ChannelObserver | undefined;
  /** Messages in each direction, modulo 2^32. */
  #sent = 0;
  #received = 0;

  /** @param receive called with each message in the order of sending, from the event loop or from `drain` */
  constructor(port: MessagePort, receive: (message: Incoming) => void, observer?: ChannelObserver) {
    this.#port = port;
    this.#receive = receive;
    this.#observer = observer;
    withCleanPrototype(() => {
      port.on('message', (message: Incoming) => {
        this.#count();
        if (typeof message === 'object') observer?.adopt?.(message as object);
        receive(message);
      });
      port.on('messageerror', (error) => this.#unread(error));
    });
  }

  /** @throws DataCloneError a value cannot be cloned; then nothing was sent and nothing transferred */
  send(message: Outgoing, transfer?: readonly Transferable[]): void {
    this.#port.postMessage(message, transfer);
    this.#sent = (this.#sent + 1) | 0;
  }

  /** How many messages have been sent, modulo 2^32. */
  get sent(): number {
    return this.#sent;
  }

  /** Receives all messages that have arrived. */
  drain(): void {
    while (this.receiveNext());
  }

  /** Receives the first `sent` messages of the other side, and none that it may be sending meanwhile. */
  drainTo(sent: number): void {
    while (((sent - this.#received) | 0) > 0 && this.receiveNext());
  }

  /** Keeps the message of a request; for `receive` to call. */
  stash(id: number, values: Stashed): void {
    this.#stash.put(id, values);
  }

  /** Takes the message of a request from the stash. */
  unstash(id: number): Stashed | undefined {
    return this.#stash.take(id);
  }

  /** Receives one message. False: none has arrived. */
  receiveNext(): boolean {
    let entry: ReturnType<typeof receiveMessageOnPort>;
    try {
      entry = receiveMessageOnPort(this.#port);
    } catch (error) {
      this.#unread(error);
      return true;
    }
    if (entry === undefined) return false;
    this.#count();
    if (typeof entry.message === 'object') this.#observer?.adopt?.(entry.message);
    this.#receive(entry.message as Incoming);
    return true;
  }

  /** Lets the process end although the port is open. */
  unref(): void {
    this.#port.unref();
  }

  close(): void {
    this.#port.close();
  }

  #unread(error: unknown): void {
    this.#count();
    this.#observer?.unreadable(this.#received, error);
  }

  #count(): void {
    this.#received = (this.#received + 1) | 0;
    this.#observer?.received(this.#received);
  }
}
