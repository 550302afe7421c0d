// Clocks as one stops them by hand in a test, all that it can reach: those of the main thread alone.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  Date.now = () => 0;
  performance.now = () => 0;
  process.uptime = () => 0;
  process.hrtime = () => [0, 0];
  process.hrtime.bigint = () => 0n;
}
