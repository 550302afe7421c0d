import type { ResourceLimits } from 'node:worker_threads';
import { Balancer } from '../../index.js';
import { moduleAddress } from '../module-address.js';
import { CHUNKS_PER_WORKER } from './chunks.js';
import type { MapOptions } from './options.js';

/**
 * What items leave behind is garbage at once: in a third of 6 MB it stays in the processor's cache. With V8's
 * 48 MB a million short lines take some 3 % longer, and threads take longer to end.
 */
const LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 6 };

/** Starts the threads. Throws `UsageError`: a module to be preloaded is not there. */
export function newBalancer(options: MapOptions): Balancer {
  return new Balancer({
    workers: options.workers,
    window: CHUNKS_PER_WORKER,
    preload: options.preload.map(moduleAddress),
    resourceLimits: LIMITS,
    maxHeapPerWorker: options.maxMemory,
    env: Object.keys(options.env).length === 0 ? undefined : { ...process.env, ...options.env },
    // Items may run for any time.
    heartbeat: false,
  });
}
