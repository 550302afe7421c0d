import { setFlagsFromString } from 'node:v8';
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

/**
 * V8 collects young garbage with several threads. Here all cores have their work: a thread that collects only
 * waits for helpers that get no core. Measured, with 2 cores: a million short lines take 2 to 6 % less. A V8
 * that does not know the flag would say so on stderr, where tests of the command see it.
 */
const FLAGS = '--no-parallel-scavenge';

/** Starts the threads. Throws `UsageError`: a module to be preloaded is not there. */
export function newBalancer(options: MapOptions): Balancer {
  setFlagsFromString(FLAGS);
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
