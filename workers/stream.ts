/**
 * A task that is a generator: each value is sent by message as it is yielded, as long as the caller has credit left.
 * So a slow caller holds the generator back instead of filling the memory.
 */
import { FIRST_CREDIT } from '../src/protocol.js';
import type { WorkerChannel } from './deliver.js';

interface Running {
  readonly id: number;
  credit: number;
  returned: boolean;
  wake: (() => void) | undefined;
}

export class Streams {
  readonly #channel: WorkerChannel;
  #running: Running | undefined;

  constructor(channel: WorkerChannel) {
    this.#channel = channel;
  }

  /** Iterates what the task gave and sends each value. Resolves to the generator's return value. */
  async run(id: number, given: unknown): Promise<unknown> {
    const running: Running = { id, credit: FIRST_CREDIT, returned: false, wake: undefined };
    this.#running = running;
    try {
      return await this.#iterate(running, iteratorOf(await given));
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

  async #iterate(running: Running, iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<unknown> {
    for (;;) {
      // The messages of credit and return are heard here, also where the generator never waits.
      while (running.credit === 0 && !running.returned) {
        await new Promise<void>((resolve) => {
          running.wake = resolve;
        });
      }
      if (running.returned) return (await iterator.return?.(undefined))?.value;
      const next = await iterator.next();
      if (next.done) return next.value;
      running.credit--;
      this.#channel.send({ type: 'yielded', id: running.id, value: next.value });
    }
  }
}

function iteratorOf(given: unknown): Iterator<unknown> | AsyncIterator<unknown> {
  const source = given as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (typeof source?.[Symbol.asyncIterator] === 'function') return source[Symbol.asyncIterator]!();
  if (typeof source?.[Symbol.iterator] === 'function') return source[Symbol.iterator]!();
  throw new TypeError('stream: the task gave nothing that can be iterated');
}
