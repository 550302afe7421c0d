/**
 * The arguments that travel by message, as the thread receives them: through a port of their own, which is read only for a request that
 * has been claimed, and no further than to its arguments. So what the thread cannot hold in its memory hurts the request that
 * brought it, and not one that awaits something meanwhile; and a death says whose arguments were just being read.
 *
 * Arguments come in the order in which their requests are claimed. Between them lie only those of requests that were taken back.
 */
import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';
import type { ArgumentsMessage } from '../../src/protocol/messages.js';
import { isBehind, type Window } from '../../src/protocol/window.js';

export class Arguments {
  readonly #port: MessagePort;
  readonly #window: Window;
  /** Read while looking for what was dropped; by sending. */
  readonly #kept = new Map<number, ArgumentsMessage>();
  /** Of requests that were taken back; still in the port. */
  readonly #dropped = new Set<number>();
  /** The last message read. */
  #last = 0;
  #unreadable: unknown;

  constructor(port: MessagePort, window: Window) {
    this.#port = port;
    this.#window = window;
  }

  /** Why the last message that could not be read in this thread could not; those behind it are not affected. */
  get unreadable(): unknown {
    return this.#unreadable;
  }

  /** What came for a request that has been claimed; `undefined`: it cannot be read. */
  take(sending: number): ArgumentsMessage | undefined {
    const kept = this.#kept.get(sending);
    if (kept !== undefined) {
      this.#kept.delete(sending);
      return kept;
    }
    while (isBehind(this.#last, sending)) {
      const message = this.#read();
      if (message === null) return undefined;
      if (this.#last === sending) return message;
    }
    return undefined;
  }

  /** These requests were taken back. What came for them is forgotten, or will be: see `tidy`. */
  drop(sendings: readonly number[]): void {
    for (const sending of sendings) {
      if (isBehind(this.#last, sending)) this.#dropped.add(sending);
      else this.#kept.delete(sending);
    }
  }

  /** Gets rid of what was dropped. Only for a thread that runs nothing: what it reads may be more than its memory holds. */
  tidy(): void {
    while (this.#dropped.size > 0) {
      const message = this.#read();
      if (message === null) break;
      // One that is being sent just now, say.
      if (message !== undefined) this.#kept.set(message.sending, message);
    }
  }

  /** The thread ends: all that was transferred to it, and not taken. */
  *transferred(): Generator<[message: ArgumentsMessage, list: readonly Transferable[]]> {
    for (let message = this.#read(); message !== null; message = this.#read()) {
      if (message !== undefined) this.#kept.set(message.sending, message);
    }
    for (const message of this.#kept.values()) {
      const { transferred } = message;
      if (transferred !== undefined && transferred.length > 0) yield [message, transferred];
    }
  }

  /** Reads the next message. `undefined`: it is for nobody, or cannot be read; `null`: there is none. */
  #read(): ArgumentsMessage | undefined | null {
    const next = (this.#last + 1) | 0;
    let message: ArgumentsMessage | undefined;
    this.#window.noteReading(next);
    try {
      const entry = receiveMessageOnPort(this.#port);
      if (entry === undefined) {
        this.#window.noteRead(this.#last);
        return null;
      }
      message = entry.message as ArgumentsMessage;
    } catch (error) {
      this.#unreadable = error;
    }
    this.#last = message?.sending ?? next;
    this.#window.noteRead(this.#last);
    return this.#dropped.delete(this.#last) ? undefined : message;
  }
}
