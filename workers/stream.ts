/**
 * The stream of a task that is a generator: each value is sent by message as it is yielded, as long as the
 * caller's credit lasts. So a slow caller pauses the generator, and does not fill the memory.
 *
 * Only a turn of the event loop receives credit and returns. A generator that never awaits would prevent
 * that; so there is a turn now and then between two values, and whenever the credit is used up.
 */
import { InvalidOptionError } from '../src/errors/errors.js';
import { FIRST_CREDIT } from '../src/protocol/messages.js';
import { sendMarked, type WorkerChannel } from './loop/send.js';

type Values = Iterator<unknown> | AsyncIterator<unknown>;

interface Running {
  readonly id: number;
  credit: number;
  returned: boolean;
  wake: (() => void) | undefined;
}

/** The part of the work loop that streams need. */
export interface StreamHost {
  readonly channel: WorkerChannel;
  /** A value has been sent, which must arrive before the end does. */
  sent(): void;
  /** Turns the event loop, if a turn is due. */
  turn(): Promise<void> | undefined;
  /** Whether the main thread has asked the request to stop. */
  isCancelled(id: number): boolean;
}

export class Stream {
  readonly #host: StreamHost;
  #running: Running | undefined;

  constructor(host: StreamHost) {
    this.#host = host;
  }

  /**
   * Iterates the task's result and sends each value. Resolves at the end; the generator's return value is
   * dropped.
   */
  async run(id: number, given: unknown): Promise<void> {
    const running: Running = { id, credit: FIRST_CREDIT, returned: false, wake: undefined };
    this.#running = running;
    try {
      await this.#iterate(running, iteratorOf(await given));
    } finally {
      this.#running = undefined;
    }
  }

  /** The caller has taken that many values more. */
  credit(id: number, values: number): void {
    this.#wake(id, (running) => {
      running.credit += values;
    });
  }

  /** The caller wants no more. */
  return(id: number): void {
    this.#wake(id, (running) => {
      running.returned = true;
    });
  }

  #wake(id: number, change: (running: Running) => void): void {
    const running = this.#running;
    if (running === undefined || running.id !== id) return;
    change(running);
    running.wake?.();
    running.wake = undefined;
  }

  async #iterate(running: Running, iterator: Values): Promise<void> {
    for (;;) {
      while (running.credit === 0 && !this.#isUnwanted(running)) {
        await new Promise<void>((resolve) => {
          running.wake = resolve;
        });
      }
      await this.#host.turn();
      if (this.#isUnwanted(running)) {
        await iterator.return?.();
        return;
      }
      const next = await iterator.next();
      if (next.done) return;
      running.credit--;
      await this.#send(running.id, next.value, iterator);
    }
  }

  #isUnwanted({ id, returned }: Running): boolean {
    return returned || this.#host.isCancelled(id);
  }

  /**
   * A value that cannot be sent ends the stream like an error in the body of a `for` loop: the generator's
   * `finally` runs.
   */
  async #send(id: number, marked: unknown, iterator: Values): Promise<void> {
    try {
      sendMarked(this.#host.channel, marked, 'the yielded value', (value, buffers) => {
        return { type: 'yielded', id, value, buffers };
      });
      this.#host.sent();
    } catch (error) {
      try {
        await iterator.return?.();
      } catch {
        // The first error counts, as in a loop.
      }
      throw error;
    }
  }
}

function iteratorOf(given: unknown): Values {
  // A string is iterable, too, but a stream of its letters is hardly what was meant.
  const isObject = typeof given === 'object' || typeof given === 'function';
  const source = (isObject ? given : null) as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null;
  if (typeof source?.[Symbol.asyncIterator] === 'function') return source[Symbol.asyncIterator]!();
  if (typeof source?.[Symbol.iterator] === 'function') return source[Symbol.iterator]!();
  throw new InvalidOptionError(
    'stream(task)',
    `a task that gives ${inWords(given)}`,
    'a generator, or a function that gives an iterable; for a single value use submit',
  );
}

function inWords(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  return typeof given === 'object'
    ? `an object (${given.constructor?.name ?? 'no class'})`
    : `a ${typeof given}`;
}
