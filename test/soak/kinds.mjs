/**
 * The kinds of requests of the soak: how often each comes, what it does, and which ends it may have.
 *
 * `make` gets a `draw` (a seeded source of numbers) and what the run has in common; it returns `start`, which submits and gives
 * the promise, `isRight` for its result, and `isEarned` for its rejection. Whatever is not allowed here is a violation.
 */
import { tasks } from 'leastwork';

const work = tasks(new URL('./tasks.mjs', import.meta.url));

const CRASHES = [
  'exit',
  'uncaught error',
  'uncaught in a microtask',
  'unhandled rejection',
  'uncaught undefined',
];

const never = () => false;
const hasCode = (code) => (error) => error?.code === code;
const crashed = hasCode('ERR_WORKER_CRASHED');

/** An error that an earlier task left behind may end what waits in its thread, but not what computes there. */
const crashedByLateError = (error) => crashed(error) && error.cause?.message === 'late on purpose';

/** What was transferred is gone with a thread that was ended from outside, or ran out of memory. */
const lostInTransfer = (error) => crashed(error) && error.message.includes('transferred arguments were lost');

const equals = (expected) => (value) => value === expected;
const sameJson = (expected) => (value) => JSON.stringify(value) === JSON.stringify(expected);

/** A request that ends well, whatever happens around it. */
const computing = (task, args, isRight, options) => ({
  start: ({ submit }) => submit(task, args, options),
  isRight,
  isEarned: never,
});

const bytesOf = (draw) => new Uint8Array(draw.integer(1, 20_000)).fill(draw.integer(0, 255));

const describes =
  ({ length, kind }, byte) =>
  (value) =>
    value.length === length && value.sum === length * byte && value.kind === kind;

/** Each with its share: how many of about 1,000 requests. */
export const KINDS = [
  {
    name: 'numbers',
    share: 330,
    make(draw) {
      const values = Array.from({ length: draw.integer(0, 8) }, () => draw.integer(-1e6, 1e6));
      return computing(work.sum, values, equals(values.reduce((total, value) => total + value, 0)));
    },
  },
  {
    name: 'inline function',
    share: 80,
    make(draw) {
      const [a, b] = [draw.integer(0, 1e6), draw.integer(0, 1e6)];
      return computing((x, y) => x * 2 + y, [a, b], equals(a * 2 + b));
    },
  },
  {
    name: 'text, in the slot or by message',
    share: 90,
    make(draw) {
      const text = (draw.chance(0.3) ? 'é\u4e2d𝒳' : 'abc').repeat(
        draw.integer(0, draw.chance(0.2) ? 5_000 : 30),
      );
      return computing(work.reverse, [text], equals([...text].reverse().join('')));
    },
  },
  {
    name: 'objects',
    share: 80,
    make(draw) {
      const value = {
        list: Array.from({ length: draw.integer(0, 200) }, (_, i) => ({ i, text: `${i}` })),
        none: null,
      };
      return computing(work.echo, [value], sameJson(value));
    },
  },
  {
    name: 'bytes, copied',
    share: 60,
    make(draw) {
      const bytes = draw.chance(0.5) ? bytesOf(draw) : Buffer.from(bytesOf(draw));
      const kind = Buffer.isBuffer(bytes) ? 'Buffer' : 'Uint8Array';
      return computing(work.describeBytes, [bytes], describes({ length: bytes.length, kind }, bytes[0]));
    },
  },
  {
    name: 'bytes, transferred',
    share: 40,
    make(draw) {
      const bytes = bytesOf(draw);
      const right = describes({ length: bytes.length, kind: 'Uint8Array' }, bytes[0]);
      return {
        start: ({ submit }) => submit(work.describeBytes, [bytes], { transfer: [bytes.buffer] }),
        isRight: right,
        isEarned: lostInTransfer,
      };
    },
  },
  {
    name: 'bytes, transferred back',
    share: 30,
    make(draw) {
      const [length, byte] = [draw.integer(1, 20_000), draw.integer(0, 255)];
      return computing(
        work.filled,
        [length, byte],
        (value) => value.length === length && value.every((b) => b === byte),
      );
    },
  },
  {
    name: 'computing for up to 3 ms',
    share: 60,
    make(draw) {
      const value = draw.integer(0, 1e9);
      return computing(work.busy, [draw.heavyTail(0.01, 3), value], equals(value));
    },
  },
  {
    name: 'waiting for a timer',
    share: 12,
    make(draw) {
      const value = draw.integer(0, 1e9);
      return {
        start: ({ submit }) => submit(work.later, [draw.integer(0, 3), value]),
        isRight: equals(value),
        isEarned: crashedByLateError,
      };
    },
  },
  {
    name: 'counted: runs once',
    share: 60,
    make(draw, { runs }) {
      const at = runs.next();
      return computing(work.count, [runs.gate(at)], (value) => value === 1 && runs.of(at) === 1);
    },
  },
  {
    name: 'throwing',
    share: 40,
    make(draw) {
      const message = `thrown ${draw.integer(0, 1e9)}`;
      return {
        start: ({ submit }) => submit(work.thrower, [message]),
        isRight: never,
        isEarned: (error) =>
          error instanceof TypeError && error.message === message && error.code === 'E_TASK',
      };
    },
  },
  {
    name: 'progress',
    share: 20,
    make(draw) {
      const values = Array.from({ length: draw.integer(1, 20) }, (_, i) => i);
      const seen = [];
      return {
        start: ({ submit }) => submit(work.progress, [values], { onProgress: (value) => seen.push(value) }),
        isRight: (value) => value === 'done' && sameJson(values)(seen),
        isEarned: never,
      };
    },
  },
  {
    name: 'arguments that cannot be cloned',
    share: 10,
    make: () => ({
      start: ({ submit }) => submit(work.echo, [{ callback() {} }]),
      isRight: never,
      isEarned: hasCode('ERR_NOT_CLONEABLE'),
    }),
  },
  {
    name: 'a result that cannot be cloned',
    share: 10,
    make: () => ({
      start: ({ submit }) => submit(work.trap, ['throws']),
      isRight: never,
      isEarned: hasCode('ERR_NOT_CLONEABLE'),
    }),
  },
  {
    name: 'no such task',
    share: 5,
    make: () => ({
      start: ({ submit }) => submit(work.missing, []),
      isRight: never,
      isEarned: (error) => hasCode('ERR_TASK_NOT_FOUND')(error) || crashedByLateError(error),
    }),
  },
  {
    name: 'aborted at some time',
    share: 40,
    make(draw) {
      const abort = new AbortController();
      const reason = new Error('aborted on purpose');
      const value = draw.integer(0, 1e9);
      const ms = draw.heavyTail(0.01, 3);
      return {
        start: ({ submit, inTurns }) => {
          const promise = submit(work.busy, [ms, value], { signal: abort.signal });
          inTurns(draw.integer(0, 30), () => abort.abort(reason));
          return promise;
        },
        isRight: equals(value),
        isEarned: (error) => error === reason,
      };
    },
  },
  {
    name: 'hanging, aborted',
    share: 1.5,
    make(draw) {
      const abort = new AbortController();
      const reason = new Error('aborted on purpose');
      const task = draw.chance(0.5) ? work.never : work.endless;
      return {
        start: ({ submit, inTurns }) => {
          const promise = submit(task, [], { signal: abort.signal });
          inTurns(draw.integer(0, 30), () => abort.abort(reason));
          return promise;
        },
        isRight: never,
        isEarned: (error) => error === reason || crashedByLateError(error),
      };
    },
  },
  {
    name: 'hanging, with a timeout',
    share: 1,
    make(draw) {
      const task = draw.chance(0.5) ? work.never : work.endless;
      return {
        start: ({ submit }) => submit(task, [], { timeout: draw.integer(1, 20) }),
        isRight: never,
        isEarned: (error) =>
          (error?.code === 'ERR_TASK_TIMEOUT' && error.phase === 'run') || crashedByLateError(error),
      };
    },
  },
  {
    name: 'a timeout that is never reached',
    share: 20,
    make(draw) {
      const value = draw.integer(0, 1e9);
      return computing(work.echo, [value], equals(value), { timeout: 600_000, queueTimeout: 600_000 });
    },
  },
  {
    name: 'a short queueTimeout',
    share: 10,
    make(draw) {
      const value = draw.integer(0, 1e9);
      return {
        start: ({ submit }) => submit(work.echo, [value], { queueTimeout: draw.integer(1, 10) }),
        isRight: equals(value),
        isEarned: (error) => error?.code === 'ERR_TASK_TIMEOUT' && error.phase === 'queue',
      };
    },
  },
  {
    name: 'crashing',
    share: 1,
    make(draw) {
      const how = draw.one(CRASHES);
      return { start: ({ submit }) => submit(work.crash, [how]), isRight: never, isEarned: crashed };
    },
  },
  {
    name: 'crashing while the result is cloned',
    share: 0.3,
    make: () => ({ start: ({ submit }) => submit(work.trap, ['exits']), isRight: never, isEarned: crashed }),
  },
  {
    name: 'running out of memory',
    share: 0.1,
    make: () => ({
      start: ({ submit }) => submit(work.crash, ['out of memory']),
      isRight: never,
      isEarned: (error) => crashed(error) && error.cause?.code === 'ERR_WORKER_OUT_OF_MEMORY',
    }),
  },
  {
    name: 'crashing, then run again',
    share: 0.5,
    make(draw, { runs }) {
      const at = runs.next();
      // Not those that wait for their crash: an earlier error that surfaces meanwhile would count as theirs.
      return computing(
        work.crashTimes,
        [1, 'exit', runs.gate(at)],
        (value) => value === 'at last' && runs.of(at) === 2,
        {
          retries: draw.integer(1, 3),
        },
      );
    },
  },
  {
    name: 'leaving an error behind',
    share: 0.5,
    make(draw) {
      const value = draw.integer(0, 1e9);
      return computing(work.crashLater, [value], equals(value));
    },
  },
  {
    name: 'in a session',
    share: 15,
    make(draw) {
      const bytes = bytesOf(draw);
      const right = describes({ length: bytes.length, kind: 'Uint8Array' }, bytes[0]);
      return {
        start: ({ inSession }) => inSession(work.describeBytes, [bytes], { transfer: [bytes.buffer] }),
        isRight: right,
        isEarned: lostInTransfer,
      };
    },
  },
  {
    name: 'crashing in a session',
    share: 0.2,
    make: () => ({
      start: ({ inSession }) => inSession(work.crash, ['exit']),
      isRight: never,
      isEarned: crashed,
    }),
  },
  {
    name: 'a stream',
    share: 5,
    make(draw) {
      const [from, length] = [draw.integer(0, 1e6), draw.integer(0, 60)];
      const leaveAt = draw.chance(0.3) ? draw.integer(0, length) : length;
      return {
        start: async ({ balancer }) => {
          const values = [];
          for await (const value of balancer.stream(work.range, [from, from + length])) {
            values.push(value);
            if (values.length === leaveAt) break;
          }
          return values;
        },
        isRight: (values) =>
          values.length === (leaveAt === 0 ? length : leaveAt) && values.every((v, i) => v === from + i),
        isEarned: crashedByLateError,
      };
    },
  },
  {
    name: 'a map',
    share: 2,
    make(draw) {
      const items = Array.from({ length: draw.integer(0, 40) }, () => draw.integer(0, 1e6));
      const ordered = draw.chance(0.5);
      return {
        start: async ({ balancer }) => {
          const results = [];
          for await (const value of balancer.map(items, work.sum, { ordered })) results.push(value);
          return ordered ? results : results.toSorted((a, b) => a - b);
        },
        isRight: sameJson(ordered ? items : items.toSorted((a, b) => a - b)),
        isEarned: never,
      };
    },
  },
];
