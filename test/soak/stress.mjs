/**
 * Kinds that press on one thing: crashes one after the other, queue times that end together, deep values,
 * much output.
 */
import { linesOf } from './printed.mjs';
import { exitCode } from './tasks.mjs';
import { remote } from './values.mjs';

/** Deep enough that a thread's larger stack can write what the main thread cannot read. */
const DEPTHS = [1, 10, 500, 3_000, 6_000, 20_000];

export const stress = {
  'client that crashes': {
    weight: 0.4,
    make: (n, random) => {
      const length = random.integer(2, 8);
      return {
        fixed: true,
        isSeveral: true,
        start: async (balancer) => {
          for (let i = 0; i < length; i++) {
            const { maxQueue } = balancer.stats();
            while (balancer.stats().waiting >= maxQueue) await new Promise(setImmediate);
            const runs = new Int32Array(new SharedArrayBuffer(4));
            const error = await balancer
              .submit(remote.crash, ['exit', n + i, runs, 1])
              .catch((reason) => reason);
            if (error?.code !== 'ERR_WORKER_CRASHED') throw error;
            // Another request's late error may have come first.
            if (runs[0] === 1 && error.cause === undefined && error.exitCode !== exitCode(n + i)) throw error;
          }
          return 'crashed';
        },
        value: 'crashed',
      };
    },
  },
  'queue times that end together': {
    weight: 1,
    make: (n, random) => {
      const size = random.integer(20, 200);
      const queueTimeout = random.integer(1, 40);
      const runs = new Int32Array(new SharedArrayBuffer(4));
      return {
        fixed: true,
        isSeveral: true,
        room: size,
        options: { queueTimeout },
        start: async (balancer) => {
          const requests = Array.from({ length: size }, (_, i) =>
            balancer.submit(remote.counted, [runs, n + i], { queueTimeout, priority: -2 }),
          );
          const ends = await Promise.allSettled(requests);
          let resolved = 0;
          for (const [i, { value, reason }] of ends.entries()) {
            if (reason === undefined && value === n + i) resolved++;
            // Requests that are taken back from behind a long run have come between.
            else if (reason?.code === 'ERR_QUEUE_FULL') continue;
            else if (reason?.code !== 'ERR_TASK_TIMEOUT') throw reason;
            else if (reason.phase !== 'queue') throw reason;
          }
          // None starts after its time.
          return runs[0] === resolved || `${runs[0]} ran, ${resolved} have a result`;
        },
        value: true,
      };
    },
  },
  'stream of deep lists': {
    weight: 0.5,
    make: (_n, random) => {
      const depth = random.pick(DEPTHS);
      const length = random.integer(1, 30);
      return {
        fixed: true,
        isSeveral: true,
        start: async (balancer) => {
          let count = 0;
          try {
            for await (const value of balancer.stream(remote.deepLists, [depth, length])) {
              if (depthOf(value) !== depth) return `value ${count} is ${depthOf(value)} deep, not ${depth}`;
              count++;
            }
          } catch (error) {
            if (error?.code === 'ERR_NOT_CLONEABLE' && depth >= 500) return true;
            throw error;
          }
          return count === length || `${count} values of ${length}`;
        },
        value: true,
      };
    },
  },
  'much output': {
    weight: 0.5,
    make: (n, random) => {
      const lines = random.pick([1, 10, 100, 2_000]);
      const after = (resolved) => {
        const printed = linesOf(n);
        return !resolved || printed === lines ? undefined : `${printed} of ${lines} lines before its result`;
      };
      return { task: remote.printing, args: [n, lines], value: lines, after, fixed: true };
    },
  },
};

function depthOf(list) {
  let depth = 0;
  for (let value = list; Array.isArray(value); value = value[0]) depth++;
  return depth;
}
