/**
 * Threads that come up while the program still loads the library: for a program that knows how many it wants
 * before all else. Their start takes longer than that loading, and on other cores.
 *
 * Workers with just these options take them, the first ones first; other workers start threads of their own.
 */
import type { ResourceLimits } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { ThreadSettings } from '../options/thread.js';
import { withoutInheritedOptions } from './inherited-options.js';
import { piscinaFor } from './piscina.js';
import { threadName, withThreadName } from './thread-name.js';

export interface EarlyThread {
  readonly entry: URL;
  readonly limits: ResourceLimits;
  readonly piscina: Piscina;
}

const waiting: EarlyThread[] = [];

/**
 * Starts threads. They are to be offered in the same turn of the event loop, since nobody sees them fail
 * before.
 * @param name of the Balancer that takes them
 */
export function startEarly(entry: URL, count: number, name: string, limits: ResourceLimits): EarlyThread[] {
  const start = () => piscinaFor({ entry, home: entry, resourceLimits: limits }, 1);
  const threads: EarlyThread[] = [];
  try {
    for (let id = 1; id <= count; id++) {
      const piscina = withoutInheritedOptions(() => withThreadName(threadName(name, id), start));
      // Piscina would put another one in the place of one that has died.
      piscina.options.minThreads = 0;
      threads.push({ entry, limits, piscina });
    }
  } catch {
    // The worker that misses its thread tries again, and says why it cannot start one.
  }
  return threads;
}

/** The next workers may take them. */
export function offerEarly(threads: readonly EarlyThread[]): void {
  waiting.push(...threads);
}

/** @returns undefined: the worker starts its thread itself */
export function takeEarly(options: ThreadSettings): Piscina | undefined {
  const { resourceLimits = {}, env, workerData, argv, execArgv, niceIncrement = 0, entry } = options;
  const others = [env, workerData, argv, execArgv];
  if (niceIncrement !== 0 || others.some((option) => option !== undefined)) return undefined;
  const wanted = JSON.stringify(resourceLimits);
  const index = waiting.findIndex(
    (thread) => thread.entry.href === entry.href && JSON.stringify(thread.limits) === wanted,
  );
  return index < 0 ? undefined : waiting.splice(index, 1)[0]?.piscina;
}
