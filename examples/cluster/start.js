// An engine, two machines, and a batch over both. In the middle one machine is killed; what it had is done by
// the other one, and nothing is missing.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tasks } from 'leastwork';
import { Cluster } from 'leastwork/cluster';
import { startPostgres } from './postgres.js';

const ITEMS = 400;
/** Primes below 4,000,000. */
const EXPECTED = 283_146;
/** A machine that says nothing for so long is lost. Short here, so that nobody waits; the default is 5 s. */
const LOCK_MS = 1_000;

const { primesIn } = tasks(new URL('./primes.js', import.meta.url));

const engine = await startPostgres();
const options = { postgres: engine.url, lockDuration: LOCK_MS };
const machines = await Promise.all([startMachine(), startMachine()]);
console.log(`PostgreSQL at ${engine.url}, machines ${machines.map(({ pid }) => pid).join(' and ')}`);

const cluster = new Cluster({ ...options, maxQueue: 100 });
const [victim] = machines;
const seen = new Set();
const byMachine = new Map(machines.map(({ pid }) => [pid, 0]));
let primes = 0;
let failed = 0;
const start = performance.now();
try {
  const numbers = Array.from({ length: ITEMS }, (_, n) => n);
  for await (const result of cluster.mapSettled(numbers, primesIn)) {
    seen.add(result.index);
    if (result.status === 'rejected') {
      failed++;
      console.log(`item ${result.index}: ${result.reason}`);
      continue;
    }
    const { count, pid } = result.value;
    primes += count;
    byMachine.set(pid, byMachine.get(pid) + 1);
    if (seen.size >= ITEMS / 3 && !victim.killed) {
      victim.kill('SIGKILL');
      console.log(`${seen.size} of ${ITEMS} done: machine ${victim.pid} killed with SIGKILL`);
    }
  }
} finally {
  await cluster.close();
  await Promise.all(machines.map(stop));
  await engine.stop();
}

for (const [pid, count] of byMachine) console.log(`machine ${pid}: ${count} items`);
const seconds = ((performance.now() - start) / 1_000).toFixed(1);
const complete = seen.size === ITEMS && failed === 0 && primes === EXPECTED && victim.killed;
console.log(`${seen.size} of ${ITEMS} items, ${failed} failed, ${primes} primes, ${seconds} s`);
console.log(complete ? 'all came through' : `something is missing: ${EXPECTED} primes were expected`);
process.exitCode = complete ? 0 : 1;

async function startMachine() {
  const settings = { ...options, balancer: { workers: 1 } };
  const program = fileURLToPath(new URL('./machine.js', import.meta.url));
  const machine = fork(program, [JSON.stringify(settings)]);
  await Promise.race([once(machine, 'message'), once(machine, 'exit').then(notStarted)]);
  return machine;
}

function notStarted([code]) {
  throw new Error(`a machine has ended with ${code} before it was ready`);
}

async function stop(machine) {
  if (machine.exitCode !== null || machine.signalCode !== null) return;
  machine.kill('SIGTERM');
  await once(machine, 'exit');
}
