import { piscina } from './piscina.mjs';

/**
 * Sixteen tasks per thread at once. Its documentation advises against it for CPU-bound tasks, since they wait
 * behind each other in a thread's port; but it is the fastest that Piscina can be with short ones, so it is
 * shown too.
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  return piscina('piscina, 16 per thread', 'as piscina, concurrentTasksPerWorker: 16', 16);
}
