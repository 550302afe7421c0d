/**
 * Callers that take long with each result, and submit more in bursts meanwhile: completions are read then whose
 * promises are settled turns later. Their threads die, and their times end, in between.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { exitCode } from './tasks.mjs';
import { remote } from './values.mjs';

/** As many submits in one go as have completions read in the middle of them. */
const BURST = 64;

export const slowCallers = {
  'slow caller, thread dies': {
    weight: 2,
    make: (n, random) => slow(n, random, { dies: true, rounds: 2 }),
  },
  'slow caller, loop of then(submit)': {
    weight: 0.5,
    make: (n, random) => slow(n, random, { rounds: random.integer(1, 3) }),
  },
};

/** What has come of a request: its value, or its error. */
const outcomeOf = (promise) =>
  promise.then(
    (value) => ({ value }),
    (reason) => ({ reason }),
  );

function slow(n, random, { dies = false, rounds = 1 }) {
  const size = random.integer(40, 120);
  const perResult = random.pick([0.1, 0.3, 0.6]);
  const pause = random.integer(5, 15);
  // It ends while they are being settled.
  const queueTimeout = pause + Math.ceil(random.next() * perResult * size);
  const runs = new Int32Array(new SharedArrayBuffer(4));
  // Mostly ahead of what else there is, so that they are completed in the pause.
  const priority = random.pick([0, 5, 5, 5]);
  const options = { queueTimeout, priority };
  // Of its own: no thread has died of it yet, so it is not held back.
  const ending = new Function('code', `process.exit(code) // ${n}`);
  const one = (balancer, i) =>
    balancer.submit(remote.counted, [runs, n + i], options).then((value) => {
      busy(perResult);
      return value;
    });
  return {
    fixed: true,
    isSeveral: true,
    room: size + BURST + 1,
    options,
    start: async (balancer) => {
      const ends = [];
      let sum = 0;
      for (let round = 0; round < rounds; round++) {
        const requests = Array.from({ length: size }, (_, i) => outcomeOf(one(balancer, i)));
        // In the first round it is learnt how long the results take: few are settled in one turn from then on.
        const last = dies && round > 0 ? balancer.submit(ending, [exitCode(n)], { priority }) : undefined;
        const death = last === undefined ? undefined : outcomeOf(last);
        // They are sent, and completed, and nobody has looked.
        for (let i = 0; i < 3; i++) await undefined;
        busy(pause);
        const more = Array.from({ length: BURST }, () => outcomeOf(balancer.submit(remote.later, [n])));
        for (const [i, end] of (await Promise.all(requests)).entries())
          ends.push(judged(end, n + i, options));
        for (const end of await Promise.all(more)) judged(end, n, options);
        if (death !== undefined) await mustHaveDied(death, n);
        sum = ends.filter(Boolean).length;
        while (balancer.stats().waiting > balancer.stats().maxQueue - size - BURST - 1) await turn();
      }
      return dies || runs[0] === sum || `${runs[0]} ran, ${sum} have a result`;
    },
    value: true,
  };
}

/** Whether the request has the value. @throws what it was rejected with, unless its options earn that */
function judged({ value, reason }, expected, { queueTimeout }) {
  if (reason === undefined) {
    if (value !== expected) throw new Error(`${value}, not ${expected}`);
    return true;
  }
  if (reason.code === 'ERR_QUEUE_FULL') return false;
  const isLate = reason.code === 'ERR_TASK_TIMEOUT' && reason.timeout === queueTimeout;
  if (!isLate || reason.phase !== 'queue') throw reason;
  return false;
}

async function mustHaveDied(death, n) {
  const { value, reason } = await death;
  if (reason?.code === 'ERR_QUEUE_FULL') return;
  if (reason?.code !== 'ERR_WORKER_CRASHED' || reason.exitCode !== exitCode(n))
    throw reason ?? new Error(`it did not crash: ${value}`);
}

function busy(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
