/**
 * The thread's side of arguments that go by message. They have a port of their own, which is read only for a
 * claimed request, and no further than its arguments. So arguments too large for the thread's memory fail
 * only their own request, and not one that awaits something meanwhile; and when the thread dies, it is known
 * whose arguments it was reading.
 *
 * Arguments arrive in the order in which their requests are claimed, mixed only with those of requests that
 * were taken back.
 */
import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';
import type { ArgumentsMessage } from '../../src/protocol/messages.js';
import { isBehind } from '../../src/protocol/positions.js';
import type { ThreadStatus } from '../../src/protocol/thread-status.js';
import { readTree } from '../../src/values/tree-reader.js';
import { lookAtYoungBuffers } from '../../src/values/young-buffers.js';

export class Arguments {
  readonly #port: MessagePort;
  readonly #status: ThreadStatus;
  /** Messages read while looking for dropped ones, by number. */
  readonly #kept = new Map<number, ArgumentsMessage>();
  /** Numbers of dropped messages that are still in the port. */
  readonly #dropped = new Set<number>();
  /** Number of the last message read. */
  #last = 0;
  #unreadable: unknown;

  constructor(port: MessagePort, status: ThreadStatus) {
    this.#port = port;
    this.#status = status;
  }

  /**
   * Why the last message that could not be read in this thread could not. Later messages are not affected.
   */
  get unreadable(): unknown {
    return this.#unreadable;
  }

  /** The arguments of a claimed request; `undefined`: they cannot be read. */
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

  /** These requests were taken back. Forgets their arguments, now or in `tidy`. */
  drop(sendings: readonly number[]): void {
    for (const sending of sendings) {
      if (isBehind(this.#last, sending)) this.#dropped.add(sending);
      else this.#kept.delete(sending);
    }
  }

  /**
   * Reads and forgets dropped arguments. Only while the thread runs nothing: they may be too large for its
   * memory.
   */
  tidy(): void {
    while (this.#dropped.size > 0) {
      const message = this.#read();
      if (message === null) break;
      // Of a request that will be claimed.
      if (message !== undefined) this.#kept.set(message.sending, message);
    }
  }

  /** The thread ends: all messages with transferred values that were not taken. */
  *transferred(): Generator<[message: ArgumentsMessage, list: readonly Transferable[]]> {
    for (let message = this.#read(); message !== null; message = this.#read()) {
      if (message !== undefined) this.#kept.set(message.sending, message);
    }
    for (const message of this.#kept.values()) {
      const { transferred } = message;
      if (transferred !== undefined && transferred.length > 0) yield [message, transferred];
    }
  }

  /** Reads the next message. `undefined`: it was dropped, or cannot be read; `null`: there is none. */
  #read(): ArgumentsMessage | undefined | null {
    const next = (this.#last + 1) | 0;
    let message: ArgumentsMessage | undefined;
    this.#status.noteReading(next);
    try {
      const entry = receiveMessageOnPort(this.#port);
      if (entry === undefined) {
        this.#status.noteRead(this.#last);
        return null;
      }
      message = entry.message as ArgumentsMessage;
      lookAtYoungBuffers();
      if (!this.#dropped.has(message.sending)) readBytes(message);
    } catch (error) {
      this.#unreadable = error;
    }
    this.#last = message?.sending ?? next;
    this.#status.noteRead(this.#last);
    return this.#dropped.delete(this.#last) ? undefined : message;
  }
}

/** Plain data comes as bytes. What they become takes more memory than they do, so it is part of the reading. */
function readBytes(message: ArgumentsMessage): void {
  if (message.tree === undefined) return;
  message.values = readTree(message.tree) as readonly unknown[];
  message.tree = undefined;
}
