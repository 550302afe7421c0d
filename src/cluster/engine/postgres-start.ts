/**
 * Where the first query of a queue or worker fails, since its connection breaks, BullMQ remembers that for ever: each
 * later one would fail alike.
 */
import type * as BullMQ from 'bullmq';

interface Startable {
  readyPromise?: Promise<void> | undefined;
  waitUntilReady(): Promise<void>;
}

type Create = typeof BullMQ.createPostgresBackend;

/** A factory of backends that begin anew. */
export function startingAnew(create: Create): Create {
  return (...args) => {
    const backend = create(...args);
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
