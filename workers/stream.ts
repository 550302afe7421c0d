/**
 * The stream of a task that is a generator: each value is sent by message as it is yielded, as long as the
 * caller's credit lasts. So a slow caller pauses the generator, and does not fill the memory.
 *
 * Only a turn of the event loop receives credit and returns. A generator that never awaits would prevent
 * that; so there is a turn now and then between two values, and whenever the credit is used up.
 */
import { InvalidOptionError } from '../src/errors/errors.js';
import { type Carrier, FIRST_CREDIT } from '../src/protocol/messages.js';
import { sendMarked, type WorkerChannel } from './loop/send.js';
import { inContextOf } from './restored-context.js';

type Values = Iterator<unknown> | AsyncIterator<unknown>;

interface Source {
  readonly iterator: Values;
  /** Its values are awaited, as `for await` and `yield*` do with those of a synchronous iterator. */
  readonly isSync: boolean;
}

interface Running {
  readonly id: number;
  credit: number;
  returned: boolean;
  wake: (() => void) | undefined;
}

/** The part of the work loop that streams need. */
export interface StreamHost {
  readonly channel: WorkerChannel;
  /** Sends output that the task has printed before its value. */
  flush(): void;
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
   * @param carrier the context in which the generator runs
   */
  run(id: number, given: unknown, carrier: Carrier | undefined): Promise<void> {
    return inContextOf(carrier, () => this.#run(id, given))() as Promise<void>;
  }

  async #run(id: number, given: unknown): Promise<void> {
    const running: Running = { id, credit: FIRST_CREDIT, returned: false, wake: undefined };
    this.#running = running;
    try {
      await this.#iterate(running, sourceOf(await given));
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

  async #iterate(running: Running, { iterator, isSync }: Source): Promise<void> {
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
      mustBeObject(next);
      if (next.done) return;
      const value = isSync ? await settled(next.value, iterator) : next.value;
      running.credit--;
      await this.#send(running.id, value, iterator);
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
    this.#host.flush();
    try {
      sendMarked(this.#host.channel, marked, 'the yielded value', (parts) => {
        return { type: 'yielded', id, ...parts };
      });
      this.#host.sent();
    } catch (error) {
      await close(iterator);
      throw error;
    }
  }
}

/** As in a loop: a value of `undefined` without end would be taken from what is no result. @throws TypeError */
function mustBeObject(result: unknown): void {
  if ((typeof result === 'object' && result !== null) || typeof result === 'function') return;
  throw new TypeError(`Iterator result ${String(result)} is not an object`);
}

/** A promise among the values of a synchronous iterator that rejects ends the iteration. */
async function settled(value: unknown, iterator: Values): Promise<unknown> {
  try {
    return await value;
  } catch (error) {
    await close(iterator);
    throw error;
  }
}

async function close(iterator: Values): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The first error counts, as in a loop.
  }
}

function sourceOf(given: unknown): Source {
  // A string is iterable, too, but a stream of its letters is hardly what was meant.
  const isObject = typeof given === 'object' || typeof given === 'function';
  const source = (isObject ? given : null) as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null;
  if (typeof source?.[Symbol.asyncIterator] === 'function')
    return { iterator: source[Symbol.asyncIterator]!(), isSync: false };
  if (typeof source?.[Symbol.iterator] === 'function')
    return { iterator: source[Symbol.iterator]!(), isSync: true };
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
