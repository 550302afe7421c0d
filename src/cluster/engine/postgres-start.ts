/**
 * Where the first query of a queue or worker fails, since its connection breaks, BullMQ remembers that for ever: each
 * later one would fail alike.
 */
import type { EventEmitter } from 'node:events';
import type * as BullMQ from 'bullmq';

interface Startable {
  readyPromise?: Promise<void> | undefined;
  waitUntilReady(): Promise<void>;
}

type Create = typeof BullMQ.createPostgresBackend;

/**
 * A factory of backends that begin anew. Each listens to errors of the pool, which is told of them once for all, and
 * would do so for as long as the pool lives, which may be longer: so that is undone.
 */
export function startingAnew(create: Create, pool: EventEmitter): Create {
  return (...args) => {
    const before = new Set(pool.listeners('error'));
    const backend = create(...args);
    for (const listener of pool.listeners('error') as ((...error: unknown[]) => void)[])
      if (!before.has(listener)) pool.off('error', listener);
    const { connection } = backend as unknown as { readonly connection: Startable };
    forgetFailures(connection);
    forgetFailures(backend as unknown as Startable);
    return backend;
  };
}

function forgetFailures(part: Startable): void {
  const waitUntilReady = part.waitUntilReady.bind(part);
  part.waitUntilReady = () =>
    waitUntilReady().catch((error) => {
      part.readyPromise = undefined;
      throw error;
    });
}
