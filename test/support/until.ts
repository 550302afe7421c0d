import { setImmediate as turn } from 'node:timers/promises';

/** Resolves when the condition holds; looks in each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
