/** One run of the mixture against one Balancer, from its start to its end. */
import { getEventListeners } from 'node:events';
import { Balancer } from 'leastwork';
import { Chaos } from './chaos.mjs';
import { Ledger } from './ledger.mjs';
import { kindNames, planOf, SharedSignals } from './mixture.mjs';
import { Random } from './random.mjs';

/**
 * Most requests that are submitted and not settled: changes now and then, so that the queue is empty at
 * times, and full at others.
 */
const IN_FLIGHT = [1, 8, 50, 500, 5_000, 5_000, 5_000];
/** Requests between two changes of that. */
const PHASE = 1_000;
const MAX_QUEUE = 1_000;
/** With nothing settled for that long, something hangs; in ms. */
const PATIENCE = 60_000;

/** After so many requests a thread is replaced; one of these, by the seed. */
const MAX_REQUESTS = [500, 20_000];

export const policies = ['least-pending', 'round-robin', 'least-work', 'power-of-two', 'hash', 'peak-ewma'];

/** @param {{ requests: number, seed: number, onProgress?: (n: number) => void }} options */
export async function run({ requests, seed, onProgress }) {
  const policy = policies[(seed - 1) % policies.length];
  const maxRequestsPerWorker = MAX_REQUESTS[seed % MAX_REQUESTS.length];
  const ledger = new Ledger(kindNames);
  const balancer = new Balancer({
    policy,
    workers: 3,
    maxQueue: MAX_QUEUE,
    grace: 40,
    growAfter: 20,
    idleTimeout: 500,
    maxRequestsPerWorker,
    resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8 },
  });
  const threads = { started: 0, crashed: 0 };
  balancer.on('workerStart', () => threads.started++);
  balancer.on('workerEnd', (end) => {
    if (end.expected) return;
    threads.crashed++;
    if (!ledger.isPlanted(end))
      ledger.violate(`worker ${end.id} ended: ${end.exitCode}, ${end.cause?.stack}`);
  });
  const chaos = new Chaos(balancer, seed, ledger);
  const watchdog = watch(ledger, chaos, balancer, onProgress);
  const begin = performance.now();
  const signals = new SharedSignals(seed);
  const work = submitAll({ balancer, ledger, chaos, signals, requests, seed });
  await Promise.race([watchdog.hangs, work.then(() => end(balancer, ledger, chaos))]);
  watchdog.stop();
  const seconds = (performance.now() - begin) / 1000;
  const stats = balancer.stats();
  checkEnd(ledger, stats, signals);
  return { requests, seed, policy, seconds, ledger, chaos: chaos.counts, threads, stats };
}

async function submitAll({ balancer, ledger, chaos, signals, requests, seed }) {
  let inFlight = 0;
  for (let n = 0; n < requests; n++) {
    const plan = planOf(seed, n, signals);
    if (n % PHASE === 0) inFlight = new Random(seed, 2 ** 31 + n).pick(IN_FLIGHT);
    if (ledger.open >= inFlight) await ledger.below(inFlight);
    const most = MAX_QUEUE - (plan.room ?? 1);
    // Looked at in the very turn in which it is submitted: then it has not earned to be refused.
    while (!plan.pushes && balancer.stats().waiting > most) await room(balancer);
    ledger.follow(plan, plan.start?.(balancer) ?? balancer.submit(plan.task, plan.args, plan.options));
    plan.abort?.();
    signals.pass(n);
    chaos.pass(n);
    if (plan.turns > 0) await new Promise(setImmediate);
    if (plan.pause > 0) await new Promise((resolve) => setTimeout(resolve, plan.pause));
  }
}

/** Waits until there is room in the queue, or more of it. */
async function room(balancer) {
  const { waiting } = balancer.stats();
  if (waiting >= MAX_QUEUE) await balancer.ready();
  // A worker that is starting is room for `ready()`, and does not make the queue shorter before the event
  // loop has turned.
  await new Promise(setImmediate);
}

async function end(balancer, ledger, chaos) {
  // A map that still takes from its source would be refused.
  await ledger.severalEnded();
  const closed = balancer.close();
  const [refused] = await Promise.allSettled([balancer.submit(() => 1)]);
  if (refused.reason?.code !== 'ERR_BALANCER_CLOSED') ledger.violate('a closed Balancer took a request');
  await closed;
  await balancer.close();
  if (ledger.open > 0) ledger.violate(`closed with ${ledger.open} open: ${ledger.openOnes().slice(0, 5)}`);
  await chaos.ended();
}

function checkEnd(ledger, stats, signals) {
  for (const [kind, { count, resolved, rejected }] of ledger.fates) {
    let sum = resolved;
    for (const times of rejected.values()) sum += times;
    if (sum !== count) ledger.violate(`${kind}: ${count} submitted, ${sum} settled`);
  }
  const { queued, pending, workers, circuit } = stats;
  if (queued !== 0 || pending !== 0 || workers.length !== 0) {
    ledger.violate(`closed, with ${queued} queued, ${pending} pending, ${workers.length} workers`);
  }
  if (circuit.failures > 0) ledger.violate(`a start failed: ${circuit.cause}`);
  for (const signal of signals) {
    const count = getEventListeners(signal, 'abort').length;
    if (count > 0) ledger.violate(`a shared signal has ${count} listeners`);
  }
}

/** Looks whether anything goes on; `hangs` resolves where not. */
function watch(ledger, chaos, balancer, onProgress) {
  let settled = -1;
  let since = performance.now();
  let timer;
  const hangs = new Promise((resolve) => {
    timer = setInterval(() => {
      onProgress?.(ledger.settled);
      if (ledger.settled !== settled) {
        settled = ledger.settled;
        since = performance.now();
      } else if (performance.now() - since > PATIENCE) {
        clearInterval(timer);
        ledger.violate(`nothing settles any more; open: ${ledger.openOnes().slice(0, 20).join(', ')}`);
        console.error('changes of the set:', chaos.recent, '\nstats:', balancer.stats());
        resolve();
      }
    }, 1_000);
  });
  return { hangs, stop: () => clearInterval(timer) };
}
