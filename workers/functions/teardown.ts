/**
 * The end of a thread in peace: each module that it has loaded may export a function `teardown`, which closes
 * what the module has opened.
 */
import { encodeFailure } from '../../src/errors/failure.js';
import { clearTimeout, setTimeout } from '../../src/protocol/timers.js';
import type { WorkerChannel } from '../loop/send.js';
import { loadedModules, teardownOf } from './module.js';

/**
 * Runs the `teardown` of all modules that are loaded, the last one first. An error, or the end of the time,
 * is told to the main thread. Never throws.
 * @param limit for all of them together, in ms; `Infinity`: none
 */
export async function tearDown(channel: WorkerChannel, limit: number): Promise<void> {
  // A function that two modules export is called once.
  const teardowns = new Set([...loadedModules()].reverse().flatMap((module) => teardownOf(module) ?? []));
  if (teardowns.size === 0) return;
  channel.send({ type: 'teardown', reason: undefined });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    if (limit === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => reject(new Error(`teardown did not end within ${limit} ms`)), limit);
  });
  try {
    await Promise.race([runAll(teardowns), tooLate]);
  } catch (error) {
    channel.send({ type: 'teardown', reason: encodeFailure(error) });
  }
  clearTimeout(timer);
}

/** Each of them, whatever becomes of the others. @throws the first error */
async function runAll(teardowns: Iterable<() => unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const teardown of teardowns) {
    try {
      await teardown();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
