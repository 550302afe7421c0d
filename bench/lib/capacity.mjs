import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/**
 * How much of its cores the machine gives at present. A virtual machine may be held to half of them for
 * seconds at a time, and a round that falls into such a spell measures the machine, and no pool.
 */

const PROBE_MS = 40;
/** Below this share of the cores a round does not count. */
const ENOUGH = 0.88;
/** How long one benchmark waits for the machine and repeats rounds, in all, in ms. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;

const cores = Math.min(4, availableParallelism());
const shared = new Int32Array(new SharedArrayBuffer(4));
/** @type {Worker[]} */
let threads = [];
let patience = PATIENCE_MS;
let repeated = 0;
let poor = 0;

/** Spins in every thread at once for a while; the share of the cores' time that they got. */
async function share() {
  if (threads.length === 0) {
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      for (let n = 0; ; n++) {
        Atomics.wait(workerData, 0, n);
        const end = performance.now() + ${PROBE_MS};
        while (performance.now() < end);
        parentPort.postMessage(0);
      }`;
    threads = Array.from({ length: cores }, () => new Worker(code, { eval: true, workerData: shared }));
    await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('online', resolve))));
    for (const thread of threads) thread.unref();
  }
  const before = process.cpuUsage();
  const start = performance.now();
  const done = threads.map((thread) => new Promise((resolve) => thread.once('message', resolve)));
  Atomics.add(shared, 0, 1);
  Atomics.notify(shared, 0);
  for (const thread of threads) thread.ref();
  await Promise.all(done);
  for (const thread of threads) thread.unref();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - start) / cores;
}

/** Waits until the machine gives its cores, or the patience is over. */
export async function machineIsReady() {
  for (;;) {
    if ((await share()) >= ENOUGH) return true;
    if (patience <= 0) return false;
    patience -= PAUSE_MS;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Whether the machine gives its cores still; if not, and there is patience left, the round is to be repeated.
 * @param {number} took how long the round took, in ms
 */
export async function roundCounts(took) {
  if ((await share()) >= ENOUGH) return true;
  if (patience <= 0) {
    poor++;
    return true;
  }
  patience -= Math.max(PAUSE_MS, took);
  repeated++;
  return false;
}

/** What to say of it beside the results. */
export function capacityNote() {
  return { roundsRepeated: repeated, roundsWithoutAllCores: poor };
}
