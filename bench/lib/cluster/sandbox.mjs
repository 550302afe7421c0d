import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';

/** A machine of BullMQ's own kind, a sandboxed processor in a worker thread: `sandbox.mjs OPTIONS`. */

const { queue, connection, lockDuration } = JSON.parse(process.argv[2]);
const worker = new Worker(queue, fileURLToPath(new URL('processor.mjs', import.meta.url)), {
  connection: { ...connection, maxRetriesPerRequest: null },
  useWorkerThreads: true,
  concurrency: 1,
  lockDuration,
  stalledInterval: lockDuration,
});
await worker.waitUntilReady();
process.send('ready');
process.once('disconnect', () => worker.close(true));
