/** When a thread reports that it is ready. */
import { encodeFailure } from '../../src/errors/failure.js';
import type { WorkerInit } from '../../src/protocol/messages.js';
import { expectHooks } from '../functions/common-js.js';
import { loadModule } from '../functions/module.js';
import type { WorkerChannel } from './send.js';

/**
 * A worker that requests wait for reports ready early; if others could run them meanwhile, only when it
 * really is.
 */
export function isReadyEarly({ isAwaited, preload }: WorkerInit): boolean {
  return isAwaited && preload.length === 0;
}

/** Loads the modules to be preloaded, and reports ready. @returns false: one of them does not load */
export async function getReady(init: WorkerInit, channel: WorkerChannel): Promise<boolean> {
  if (init.preload.length > 0) expectHooks();
  try {
    for (const module of init.preload) await loadModule(module);
  } catch (error) {
    // Not thrown: the program may handle uncaught errors, and the thread would live on without ever being
    // ready.
    channel.send({ type: 'unready', reason: encodeFailure(error) });
    return false;
  }
  if (!isReadyEarly(init)) channel.send({ type: 'ready' });
  return true;
}
