import { type Balancer, type SubmitOptions, tasks } from 'leastwork';
import type { Gate } from './gate.js';

/**
 * Submits a request whose module comes to the gate while it loads, with a thread of its own. Resolves when it
 * is there, to the request's promise in a list: a promise of a promise would wait for it.
 * @param how whether the module's load blocks the thread or awaits
 */
export async function loadingAt(
  gate: Gate,
  balancer: Balancer,
  how: 'blocking' | 'awaiting',
  options?: SubmitOptions,
): Promise<readonly [Promise<unknown>]> {
  await balancer.submit((words: Int32Array) => void Object.assign(globalThis, { gate: words }), [gate.words]);
  const { run } = tasks(new URL(`../fixtures/faults/gated-at-load.mjs?${how}`, import.meta.url));
  const request = balancer.submit(run as () => unknown, [], options);
  request.catch(() => {});
  await gate.reached();
  return [request];
}
