/**
 * Kinds that are more than one `submit`: `map`, `stream`, sessions. Each counts as one request, and settles
 * when all of it is over.
 */
import { isDeepStrictEqual } from 'node:util';
import { exitCode } from './tasks.mjs';
import { remote } from './values.mjs';

export const several = {
  map: {
    weight: 1.5,
    make: (n, random) => {
      const items = Array.from({ length: random.integer(0, 60) }, (_, i) => n + i);
      const ordered = random.percent(50);
      const stopAt = random.percent(30) ? random.integer(1, 20) : Number.POSITIVE_INFINITY;
      return {
        fixed: true,
        isSeveral: true,
        start: async (balancer) => {
          const results = [];
          for await (const result of balancer.map(items, remote.later, { ordered })) {
            results.push(result);
            if (results.length === stopAt) break;
          }
          if (!ordered) results.sort((a, b) => a - b);
          const isRight =
            ordered || results.length === items.length
              ? isDeepStrictEqual(results, items.slice(0, results.length))
              : new Set(results).size === results.length && results.every((result) => items.includes(result));
          return isRight && results.length === Math.min(stopAt, items.length);
        },
        value: true,
      };
    },
  },
  'mapSettled, one crashes': {
    weight: 0.5,
    make: (n, random) => {
      const items = Array.from({ length: random.integer(1, 300) }, (_, i) => ({ n: n + i, crashes: false }));
      const dying = random.pick(items);
      dying.crashes = true;
      const options = { ordered: random.percent(50), batch: random.pick(['auto', 1, 7, 50]) };
      return {
        fixed: true,
        isSeveral: true,
        start: async (balancer) => {
          const seen = new Set();
          for await (const outcome of balancer.mapSettled(items, remote.crashIf, options)) {
            const { item, status, value, reason } = outcome;
            seen.add(item);
            if (status === 'fulfilled' && (item === dying || value !== item.n))
              return `${value} of ${item.n}`;
            if (status === 'fulfilled') continue;
            // Another request's late error may have come first.
            if (item !== dying || reason.exitCode !== exitCode(item.n)) throw reason;
          }
          return seen.size === items.length || `${seen.size} of ${items.length}`;
        },
        value: true,
      };
    },
  },
  stream: {
    weight: 1.5,
    make: (_n, random) => {
      const length = random.integer(0, 50);
      const stopAt = random.percent(30) ? random.integer(1, 20) : Number.POSITIVE_INFINITY;
      return {
        fixed: true,
        isSeveral: true,
        start: async (balancer) => {
          let count = 0;
          for await (const value of balancer.stream(remote.countTo, [length])) {
            if (value !== count++) return `value ${value} at ${count}`;
            if (count === stopAt) break;
          }
          return count === Math.min(stopAt, length);
        },
        value: true,
      };
    },
  },
  session: {
    weight: 2,
    make: (n, random) => {
      const steps = Array.from({ length: random.integer(1, 10) }, () => random.integer(0, 99));
      const value = steps.map((step, i) => (step < 2 ? 'crashed' : n + i));
      return {
        fixed: true,
        isSeveral: true,
        transfers: true,
        room: steps.length,
        start: async (balancer) => {
          const session = balancer.session();
          try {
            return await all(steps.map((step, i) => inSession(session, step, n + i)));
          } catch (error) {
            // Requests that are taken back to the queue, for a more urgent one, have come between.
            if (error.code === 'ERR_QUEUE_FULL') return value;
            throw error;
          } finally {
            session.close();
          }
        },
        value,
      };
    },
  },
};

/** One request of a session, by a number below 100: crashing, with something transferred, or plain. */
function inSession(session, step, n) {
  if (step < 2) return crashed(session, n);
  if (step >= 20) return session.submit(remote.later, [n]);
  const bytes = new Float64Array(100).fill(n);
  return session.submit(remote.last, [bytes], { transfer: [bytes.buffer] });
}

async function crashed(session, n) {
  const error = await session
    .submit(remote.crash, ['exit', n, new Int32Array(new SharedArrayBuffer(4)), 1])
    .then(
      () => new Error('it did not crash'),
      (reason) => reason,
    );
  if (error.code === 'ERR_WORKER_CRASHED' && error.exitCode === exitCode(n)) return 'crashed';
  throw error;
}

/** As `Promise.all`, but not before all of them are settled. */
async function all(promises) {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
