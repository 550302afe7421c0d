/**
 * Kinds of requests that have a result, or an error that the task or its values earn: what each submits and
 * what must come of it.
 */
import { tasks } from 'leastwork';
import * as local from './tasks.mjs';

/**
 * One request, before it is submitted.
 * @typedef {object} Plan
 * @property {Function} [task] with `args` and `options`: for `submit`
 * @property {unknown[]} [args]
 * @property {object} [options]
 * @property {(balancer: object) => Promise<unknown>} [start] instead of these, for what is more than one
 *   `submit`
 * @property {boolean} [isSeveral] it may have more to submit while it is open
 * @property {number} [room] how many it submits at once, default 1
 * @property {unknown} [value] the result, unless `fails`
 * @property {(error: unknown) => boolean} [fails] it must reject, with such an error
 * @property {(resolved: boolean) => string | undefined} [after] says what is wrong, once it is settled
 * @property {() => void} [abort] called when it has been submitted, with a signal of its own
 * @property {'error' | 'exit'} [plants] what it leaves behind in its thread
 * @property {boolean} [once] it must never be run again
 * @property {boolean} [transfers] what it transfers may be lost with a thread that is ended by force
 * @property {boolean} [fixed] none of the options that any request may have are added
 */

export const remote = tasks(new URL('./tasks.mjs', import.meta.url));
const missing = tasks(new URL('./missing.mjs', import.meta.url));

const bytesOf = (length, n) => Uint8Array.from({ length }, (_, i) => (i * 7 + n) & 255);

/** @param {Uint8Array} bytes */
function transferred(bytes) {
  const value = local.checksum(bytes);
  return { task: remote.checksum, args: [bytes], options: { transfer: [bytes.buffer] }, value };
}
const recordsOf = (length, n) =>
  Array.from({ length }, (_, i) => ({
    id: n + i,
    name: `${i % 50 === 0 ? '→' : ''}name ${i}`,
    share: i / 3,
    next: i === 0 ? null : { id: i, tags: ['a', `${n}`] },
  }));
const shared = () => new Int32Array(new SharedArrayBuffer(4));
const hasCode = (code, path) => (error) => error?.code === code && error.path === path;

/** By name: a weight and a function of the request's number and its random numbers. */
export const values = {
  'inline, number': {
    weight: 200,
    make: (n) => ({ task: (v) => v + 1, args: [n], value: n + 1 }),
  },
  nothing: { weight: 60, make: () => ({ task: () => {}, value: undefined }) },
  numbers: { weight: 150, make: (n) => ({ task: remote.add, args: [n, 0.5], value: local.add(n, 0.5) }) },
  strings: {
    weight: 120,
    make: (n, random) => {
      const args = ['é'.repeat(random.integer(0, 60)), `${n}`, 'x'.repeat(random.integer(0, 90))];
      return { task: remote.join, args, value: local.join(...args) };
    },
  },
  bigint: {
    weight: 20,
    make: (n) => ({ task: remote.negate, args: [BigInt(n) ** 3n], value: -(BigInt(n) ** 3n) }),
  },
  bytes: {
    weight: 60,
    make: (n, random) => {
      const bytes = bytesOf(random.integer(0, 200), n);
      return { task: remote.reversed, args: [bytes], value: local.reversed(bytes) };
    },
  },
  object: {
    weight: 80,
    make: (n) => {
      const object = { n, at: new Date(n), tags: ['a', `${n}`], nested: { half: n / 2 } };
      return { task: remote.turned, args: [object], value: local.turned(object) };
    },
  },
  'plain data': {
    weight: 60,
    make: (n, random) => {
      const data = recordsOf(random.integer(1, random.integer(1, 400)), n);
      return { task: remote.renumbered, args: [data, n], value: local.renumbered(data, n) };
    },
  },
  Map: {
    weight: 25,
    make: (n, random) => {
      const map = new Map(Array.from({ length: random.integer(0, 30) }, (_, i) => [`k${i}`, n + i]));
      return { task: remote.swapped, args: [map], value: local.swapped(map) };
    },
  },
  Buffer: {
    weight: 40,
    make: (n, random) => {
      const bytes = Buffer.from(`${n}`.repeat(random.integer(1, 150)));
      return { task: (b) => b.subarray(1), args: [bytes], value: Buffer.from(bytes.subarray(1)) };
    },
  },
  'large buffer': {
    weight: 6,
    make: (n, random) => {
      const bytes = new Uint8Array(random.integer(20_000, 300_000)).fill(n);
      return { task: remote.checksum, args: [bytes], value: local.checksum(bytes) };
    },
  },
  // Small ones are never lost.
  'transferred buffer': {
    weight: 25,
    make: (n, random) =>
      transferred(bytesOf(random.integer(1, random.integer(0, 9) === 0 ? 131_072 : 5_000), n)),
  },
  'large transferred buffer': {
    weight: 4,
    make: (n, random) => ({ ...transferred(bytesOf(random.integer(131_073, 200_000), n)), transfers: true }),
  },
  'transferred result': {
    weight: 15,
    make: (n) => ({ task: remote.moved, args: [2_000, n & 255], value: new Uint8Array(2_000).fill(n) }),
  },
  'new function': {
    weight: 4,
    make: (n) => ({ task: new Function('v', `return [v, ${n}]`), args: ['v'], value: ['v', n] }),
  },
  async: { weight: 60, make: (n) => ({ task: remote.later, args: [n], value: n }) },
  'async, timer': {
    weight: 6,
    make: (n, random) => ({ task: remote.sleep, args: [random.integer(1, 4), n], value: n }),
  },
  'up to 0.3 ms': {
    weight: 60,
    make: (n, random) => ({ task: remote.compute, args: [random.next() * 0.3, n], value: n }),
  },
  'some ms': {
    weight: 8,
    make: (n, random) => ({ task: remote.compute, args: [random.integer(1, 4), n], value: n }),
  },
  '20 ms': { weight: 0.5, make: (n) => ({ task: remote.compute, args: [20, n], value: n }) },
  'run once': {
    weight: 25,
    make: (n) => {
      const runs = shared();
      const after = (resolved) => {
        if (runs[0] > 1) return `it ran ${runs[0]} times`;
        return resolved && runs[0] !== 1 ? 'it has a result and did not run' : undefined;
      };
      return { task: remote.counted, args: [runs, n], value: n, after, once: true };
    },
  },
  context: {
    weight: 8,
    make: (n) => ({ task: remote.contextual, options: { context: { n } }, value: { n } }),
  },
  progress: {
    weight: 8,
    make: (_n, random) => {
      const count = random.integer(0, 6);
      const seen = [];
      const after = (resolved) => {
        const inOrder = seen.every((value, i) => value === i);
        return inOrder && (!resolved || seen.length === count) ? undefined : `its progress was ${seen}`;
      };
      const options = { onProgress: (value) => seen.push(value) };
      return { task: remote.progressing, args: [count], options, value: count, after };
    },
  },
  'signal as argument': {
    weight: 4,
    make: (n) => {
      const control = new AbortController();
      if (n % 2 === 0) control.abort();
      return { task: remote.aborted, args: [control.signal], value: n % 2 === 0 };
    },
  },
  throws: {
    weight: 25,
    make: (n) => ({
      task: remote.thrower,
      args: [n],
      fails: (error) => error instanceof RangeError && error.code === 'E_SOAK' && error.n === n,
    }),
  },
  'argument cannot be cloned': {
    weight: 8,
    make: (n) => ({
      task: remote.turned,
      args: [{ n, tags: [() => n] }],
      fails: hasCode('ERR_NOT_CLONEABLE', 'arguments[0].tags[0]'),
    }),
  },
  'result cannot be cloned': {
    weight: 8,
    make: (n) => ({
      task: remote.uncloneable,
      args: [n],
      fails: hasCode('ERR_NOT_CLONEABLE', 'the result.inside[0]'),
    }),
  },
  'no such module': {
    weight: 1,
    make: () => ({ task: missing.any, fails: (error) => error?.code === 'ERR_TASK_NOT_FOUND' }),
  },
  'no such export': {
    weight: 1,
    make: () => ({ task: remote.nowhere, fails: (error) => error?.code === 'ERR_TASK_NOT_FOUND' }),
  },
};
