import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents } from 'bullmq';
import { tasks } from 'leastwork';
import { Cluster } from 'leastwork/cluster';

/** Two ways to run the same items on the same number of machines of one thread each. */

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} settings
 * @property {(task: string, items: unknown[], chunk: number | 'auto') => Promise<void>} run all of them
 * @property {(task: string, item: unknown) => Promise<unknown>} one a job of its own, to its result
 * @property {() => number} kill one machine, by SIGKILL; gives its process id
 * @property {() => Promise<void>} close
 */

const named = /** @type {Record<string, any>} */ (
  tasks(/** @type {any} */ (new URL('../tasks.mjs', import.meta.url)))
);
/** Jobs of BullMQ that are under way, and those that are added by one call. */
const OUTSTANDING = 1_000;
const BULK = 100;

/**
 * @param {string} program
 * @param {object} options
 */
async function startMachine(program, options) {
  // None of this process' flags: with --expose-gc BullMQ cannot start a thread.
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [JSON.stringify(options)], {
    execArgv: [],
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${program} did not start`))),
  ]);
  return child;
}

/** @param {import('node:child_process').ChildProcess[]} machines */
async function endAll(machines) {
  for (const machine of machines) {
    if (machine.exitCode !== null || machine.signalCode !== null) continue;
    const ended = once(machine, 'exit');
    machine.kill('SIGKILL');
    await ended;
  }
}

/**
 * @param {{ url: string }} redis
 * @param {{ machines: number, name: string, lockDuration: number }} how
 * @returns {Promise<Contestant>}
 */
export async function ours(redis, { machines: count, name, lockDuration }) {
  const engine = { redis: redis.url, name, lockDuration };
  const serving = { ...engine, balancer: { workers: 1 } };
  const machines = await Promise.all(
    Array.from({ length: count }, () => startMachine('machine.mjs', serving)),
  );
  const cluster = new Cluster(engine);
  return {
    name: 'leastwork',
    settings: `${count} machines: serve with 1 worker; one item a job: submit, ${OUTSTANDING} under way; else Cluster.map with the chunk as \`batch\``,
    async run(task, items, chunk) {
      if (chunk === 1) {
        let next = 0;
        const client = async () => {
          while (next < items.length) await cluster.submit(named[task], [items[next++]]);
        };
        await Promise.all(Array.from({ length: OUTSTANDING }, client));
        return;
      }
      for await (const _ of cluster.map(items, named[task], { batch: chunk }));
    },
    one: (task, item) => cluster.submit(named[task], [item]),
    kill: () => killFirst(machines),
    async close() {
      await cluster.close({ timeout: 0 });
      await endAll(machines);
    },
  };
}

/**
 * @param {{ connection: object }} redis
 * @param {{ machines: number, name: string, lockDuration: number }} how
 * @returns {Promise<Contestant>}
 */
export async function sandboxed({ connection }, { machines: count, name, lockDuration }) {
  const options = { queue: name, connection, lockDuration };
  const machines = await Promise.all(
    Array.from({ length: count }, () => startMachine('sandbox.mjs', options)),
  );
  const queue = new Queue(name, { connection, streams: { events: { maxLen: 10_000 } } });
  // From the beginning: what comes before the first read would be missed.
  const events = new QueueEvents(name, { connection, lastEventId: '0-0' });
  await events.waitUntilReady();
  /** @type {(() => void) | undefined} */
  let onDone;
  /** @type {((error: Error) => void) | undefined} */
  let onFailed;
  events.on('completed', () => onDone?.());
  // To throw here would be told, and go on.
  events.on('failed', ({ failedReason }) => onFailed?.(new Error(`BullMQ: ${failedReason}`)));
  const kept = { removeOnComplete: true, removeOnFail: true };
  return {
    name: 'BullMQ, sandboxed',
    settings: `${count} machines: Worker with useWorkerThreads, concurrency 1; addBulk of ${BULK}, ${OUTSTANDING} jobs under way; results by QueueEvents`,
    async run(task, items, given) {
      const chunk = given === 'auto' ? 100 : given;
      const jobs = Math.ceil(items.length / chunk);
      let added = 0;
      let done = 0;
      let isAdding = false;
      const fill = async () => {
        if (isAdding) return;
        isAdding = true;
        while (added < jobs && added - done < OUTSTANDING) {
          const bulk = [];
          for (; bulk.length < BULK && added < jobs; added++)
            bulk.push({ name: task, data: items.slice(added * chunk, (added + 1) * chunk), opts: kept });
          await queue.addBulk(bulk);
        }
        isAdding = false;
      };
      await new Promise((resolve, reject) => {
        onFailed = reject;
        onDone = () => {
          if (++done === jobs) resolve(undefined);
          else if (added < jobs && added - done <= OUTSTANDING / 2) fill().catch(reject);
        };
        fill().catch(reject);
      });
      onDone = undefined;
    },
    async one(task, item) {
      const job = await queue.add(task, [item], { removeOnComplete: 1_000 });
      return job.waitUntilFinished(events);
    },
    kill: () => killFirst(machines),
    async close() {
      await events.close();
      await queue.close();
      await endAll(machines);
    },
  };
}

/** @param {import('node:child_process').ChildProcess[]} machines */
function killFirst(machines) {
  machines[0].kill('SIGKILL');
  return /** @type {number} */ (machines[0].pid);
}
