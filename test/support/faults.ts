/** What the tests of faults have in common: tasks that fail in chosen ways, and gates to bring them to a chosen point. */
import { setImmediate as turn } from 'node:timers/promises';
import { Balancer, type BalancerOptions, tasks } from 'leastwork';
import { expect } from 'vitest';

export const faults = tasks(new URL('../fixtures/faults/tasks.mjs', import.meta.url));

interface WaitAsync {
  waitAsync(words: Int32Array, index: number, value: number): { async: boolean; value: unknown };
}

/** Flags in memory that the test and its tasks share; see `pass` in the fixture. */
export class Gate {
  readonly words = new Int32Array(new SharedArrayBuffer(16));

  /** Resolves when a task has come to the gate. */
  async reached(): Promise<void> {
    await this.#changed(0);
  }

  /** Lets the tasks that wait at the gate go on. */
  open(): void {
    Atomics.store(this.words, 1, 1);
    Atomics.notify(this.words, 1);
  }

  /** What the tasks have counted. */
  get count(): number {
    return Atomics.load(this.words, 2);
  }

  /** Resolves when the tasks have counted anything. */
  async counted(): Promise<void> {
    await this.#changed(2);
  }

  async #changed(index: number): Promise<void> {
    while (Atomics.load(this.words, index) === 0) {
      await (Atomics as unknown as WaitAsync).waitAsync(this.words, index, 0).value;
    }
  }
}

/** Ways to crash while running, and what the error then says. */
export const CRASHES = [
  { how: 'exit', exitCode: 7, cause: undefined },
  {
    how: 'uncaught error',
    exitCode: 1,
    cause: { name: 'RangeError', message: 'uncaught on purpose', code: 'E_LATE' },
  },
  { how: 'uncaught in a microtask', exitCode: 1, cause: { message: 'uncaught on purpose' } },
  { how: 'unhandled rejection', exitCode: 1, cause: { message: 'uncaught on purpose' } },
  { how: 'uncaught undefined', exitCode: 1, cause: undefined },
  { how: 'out of memory', exitCode: 1, cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } },
] as const;

/** Room for what the tests do, and no more. */
const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8 };

/** Runs a test with a Balancer; closes it and checks that nothing was left over. */
export async function withBalancer<T>(
  options: BalancerOptions,
  test: (balancer: Balancer) => Promise<T>,
): Promise<T> {
  const balancer = new Balancer({ workers: 1, window: 8, resourceLimits, ...options });
  let result: T;
  try {
    result = await test(balancer);
  } catch (error) {
    // A failed assertion may have left a task at its gate for ever.
    await balancer.close({ timeout: 0 });
    throw error;
  }
  await balancer.close();
  const { queued, pending, submitted, completed, workers } = balancer.stats();
  expect({ queued, pending, workers }).toEqual({ queued: 0, pending: 0, workers: [] });
  expect(completed).toBeLessThanOrEqual(submitted);
  return result;
}

/** The fates of promises in short: values as they are, errors by their code or message. */
export async function fates(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) =>
    each.status === 'fulfilled'
      ? each.value
      : ((each.reason as { code?: string })?.code ?? String(each.reason)),
  );
}

/** Resolves when the Balancer has so many workers that are ready. */
export async function ready(balancer: Balancer, count: number): Promise<void> {
  const isReady = () => balancer.stats().workers.filter(({ state }) => state === 'ready').length === count;
  while (!isReady()) await turn();
}

/** Resolves when what is asked for is true; looks in each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
