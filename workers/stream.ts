/**
 * A task that is a generator: each value is sent by message as it is yielded, as long as the caller has credit left.
 * So a slow caller holds the generator back instead of filling the memory.
 *
 * Messages of credit and return are heard where the event loop turns. A generator that never waits for anything would not
 * let it: so it turns between two values now and then, and when the credit is used up.
 */
import { InvalidOptionError } from '../src/errors/errors.js';
import { FIRST_CREDIT } from '../src/protocol/messages.js';
import { sendMarked, type WorkerChannel } from './loop/delivery.js';

type Values = Iterator<unknown> | AsyncIterator<unknown>;

interface Running {
  readonly id: number;
  credit: number;
  returned: boolean;
  wake: (() => void) | undefined;
}

/** What streams need of the work loop. */
export interface StreamHost {
  readonly channel: WorkerChannel;
  /** A value has been sent: it must arrive before the end does. */
  announce(): void;
  /** Turns the event loop, if that is due. */
  turn(): Promise<void> | undefined;
  /** Whether the main thread has asked the request to stop. */
  isCancelled(id: number): boolean;
}

export class Streams {
  readonly #host: StreamHost;
  #running: Running | undefined;

  constructor(host: StreamHost) {
    this.#host = host;
  }

  /** Iterates what the task gave and sends each value. Resolves when it has ended; its return value is nobody's. */
  async run(id: number, given: unknown): Promise<void> {
    const running: Running = { id, credit: FIRST_CREDIT, returned: false, wake: undefined };
    this.#running = running;
    try {
      await this.#iterate(running, iteratorOf(await given));
    } finally {
      this.#running = undefined;
    }
  }

  /** The caller has taken that many values. */
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

  /** What cannot be sent ends the stream as an error in the body of a `for` loop would: the generator's `finally` runs. */
  async #send(id: number, marked: unknown, iterator: Values): Promise<void> {
    try {
      sendMarked(this.#host.channel, marked, 'the yielded value', (value, buffers) => {
        return { type: 'yielded', id, value, buffers };
      });
      this.#host.announce();
    } catch (error) {
      try {
        await iterator.return?.();
      } catch {
        // The first error is the one that counts, as in a loop.
      }
      throw error;
    }
  }
}

function iteratorOf(given: unknown): Values {
  // A string could be iterated, too, but it was hardly its letters that were meant.
  const isObject = typeof given === 'object' || typeof given === 'function';
  const source = (isObject ? given : null) as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null;
  if (typeof source?.[Symbol.asyncIterator] === 'function') return source[Symbol.asyncIterator]!();
  if (typeof source?.[Symbol.iterator] === 'function') return source[Symbol.iterator]!();
  throw new InvalidOptionError(
    'stream(task)',
    `a task that gives ${describe(given)}`,
    'a generator, or a function that gives an iterable; for a single value use submit',
  );
}

function describe(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  return typeof given === 'object'
    ? `an object (${given.constructor?.name ?? 'no class'})`
    : `a ${typeof given}`;
}
