/** What the threads of a Balancer are started with. */
import type { Settings } from './balancer-options.js';
import { availableCores } from './options/cpu-quota.js';
import { SpinPermits } from './protocol/spin-permits.js';
import type { LaunchSettings } from './worker/launch.js';

/** How long a worker spins for its next request before it sleeps, in ms: waking it takes 10 to 50 µs. */
const SPIN_MS = 0.05;

export function launchSettings(settings: Settings): LaunchSettings {
  return {
    depth: settings.depth,
    bell: new SharedArrayBuffer(4),
    spin: SPIN_MS,
    spinners: SpinPermits.memory(availableCores()),
    preload: settings.preload,
    watchHeap: settings.maxHeapPerWorker !== Number.POSITIVE_INFINITY,
    teardownLimit: settings.teardownTimeout,
    name: settings.name,
    thread: settings.thread,
  };
}
