/**
 * A message port with a stash: a message for a request is kept under the request's id until the slot that
 * announces it is read. Used by both sides.
 *
 * A sender sends before it publishes the slot. So the reader of a slot that says `byMessage` finds the
 * message in the stash or in the port's queue, without waiting. (Arguments have a port of their own: see
 * `workers/input/arguments.ts`.)
 */
import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';

export class Channel<Incoming, Outgoing, Stashed = unknown> {
  readonly #port: MessagePort;
  readonly #stash = new Map<number, Stashed>();
  readonly #receive: (message: Incoming) => void;
  #unreadable: unknown;
  /** Messages in each direction, modulo 2^32. */
  #sent = 0;
  #received = 0;

  /** @param receive called with each message in the order of sending, from the event loop or from `drain` */
  constructor(port: MessagePort, receive: (message: Incoming) => void) {
    this.#port = port;
    this.#receive = receive;
    port.on('message', (message: Incoming) => {
      this.#received = (this.#received + 1) | 0;
      receive(message);
    });
    port.on('messageerror', (error) => this.#unread(error));
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

  /**
   * Why the last message that could not be read in this thread could not. Later messages are not affected.
   */
  get unreadable(): unknown {
    return this.#unreadable;
  }

  /** Keeps the message of a request; for `receive` to call. */
  stash(id: number, values: Stashed): void {
    this.#stash.set(id, values);
  }

  /** Takes the message of a request from the stash, or from the port's queue. */
  take(id: number): Stashed | undefined {
    let values = this.#stash.get(id);
    while (values === undefined && this.receiveNext()) values = this.#stash.get(id);
    this.#stash.delete(id);
    return values;
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
    this.#received = (this.#received + 1) | 0;
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
    this.#received = (this.#received + 1) | 0;
    this.#unreadable = error;
  }
}
