import { parentPort, workerData } from 'node:worker_threads';
import { clock } from '../clock.mjs';

/**
 * Rings at the given times. `Atomics.wait` keeps time to some 0.1 ms without using the CPU, where a timer of
 * the event loop is a whole millisecond coarse, and the main thread stays free in between, as it is when
 * requests come from a socket.
 */
const { arrivals, startAt } = workerData;
const never = new Int32Array(new SharedArrayBuffer(4));

for (let i = 0; i < arrivals.length; i++) {
  const due = startAt + arrivals[i];
  for (let left = due - clock(); left > 0.01; left = due - clock()) Atomics.wait(never, 0, 0, left);
  parentPort.postMessage(i);
}
