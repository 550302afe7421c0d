/**
 * What runs in the threads. The first part has no effects, so the main thread computes what it expects by the
 * same functions.
 */
import { spawnSync } from 'node:child_process';
import { context, transfer } from 'leastwork/task';

export const add = (a, b) => a + b;
export const join = (...parts) => parts.join('|');
export const negate = (big) => -big;
export const reversed = (bytes) => bytes.slice().reverse();
export const turned = (object) => ({ ...object, tags: object.tags.toReversed(), seen: true });
export const swapped = (map) => new Map([...map].map(([key, value]) => [value, key]));
export const later = async (value) => {
  await null;
  return value;
};

export function checksum(bytes) {
  let sum = 0;
  // Every 16th: the copying is to be tested, not the adding.
  for (let i = 0; i < bytes.length; i += 16) sum = (Math.imul(sum, 31) + bytes[i]) | 0;
  return sum;
}

export const last = (list) => list.at(-1);

export function* countTo(n) {
  for (let i = 0; i < n; i++) yield i;
}

/** Lists of lists, each so deep. */
export function* deepLists(depth, n) {
  for (let i = 0; i < n; i++) {
    let list = [];
    for (let k = 1; k < depth; k++) list = [list];
    yield list;
  }
}

export function printing(n, lines) {
  for (let i = 0; i < lines; i++) process.stdout.write(`soak ${n} ${i}\n`);
  return lines;
}

export function compute(ms, value) {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return value;
}

export const sleep = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));

export function moved(length, byte) {
  const bytes = new Uint8Array(length).fill(byte);
  return transfer(bytes, [bytes.buffer]);
}

/** Counts its runs, so that the caller sees whether it ran, and how often. */
export function counted(runs, value) {
  Atomics.add(runs, 0, 1);
  return value;
}

export const contextual = () => context.value;

export function progressing(n) {
  for (let i = 0; i < n; i++) context.progress(i);
  return n;
}

export function thrower(n) {
  throw Object.assign(new RangeError(`thrown ${n}`), { code: 'E_SOAK', n });
}

export const uncloneable = (n) => ({ n, inside: [Symbol.iterator] });

/** Whether that signal, an argument, is aborted. */
export const aborted = (signal) => signal.aborted;

/** Runs until it is told to stop, looking. */
export function heeding() {
  while (!context.signal.aborted);
}

/** Runs until it is told to stop, listening. */
export const listening = () =>
  new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));

/** Never ends, whoever asks. */
export function endless() {
  for (;;);
}

const crashes = {
  exit: (n) => process.exit(exitCode(n)),
  uncaught: (n) => throwing(n, setImmediate),
  microtask: (n) => throwing(n, queueMicrotask),
  rejection: (n) => {
    Promise.reject(new Error(`crash ${n}`));
    return new Promise(() => {});
  },
  undefined: () => {
    setImmediate(() => {
      throw undefined;
    });
    return new Promise(() => {});
  },
  memory: () => {
    const kept = [];
    for (;;) kept.push(new Array(10_000).fill(kept.length + 0.5));
  },
  result: (n) => ({
    get inside() {
      return process.exit(exitCode(n));
    },
  }),
};

/** Exit codes of crashes are from 10 to 59, those of late ends from 60 to 99. */
export const exitCode = (n) => 10 + (n % 50);
export const lateExitCode = (n) => 60 + (n % 40);

function throwing(n, soon) {
  soon(() => {
    throw new Error(`crash ${n}`);
  });
  return new Promise(() => {});
}

/** Ends its thread in the given way the first `times` that it runs. */
export function crash(how, n, runs, times) {
  return Atomics.add(runs, 0, 1) < times ? crashes[how](n) : n;
}

/** An item of a map, which may end its thread. */
export function crashIf({ n, crashes }) {
  if (crashes) process.exit(exitCode(n));
  return n;
}

/** In native code, where nothing ends it before its time. */
export const inNativeCode = (seconds) => spawnSync('sleep', [String(seconds)]).status;

/** Returns at once; its timer throws later, whatever the thread runs then. */
export function errorLater(n, ms) {
  setTimeout(() => {
    throw new Error(`late ${n}`);
  }, ms);
  return n;
}

/** Returns at once; its timer ends the thread later. */
export function exitLater(n, ms) {
  setTimeout(() => process.exit(lateExitCode(n)), ms);
  return n;
}

/** Plain data there and back. */
export function renumbered(records, n) {
  return { n, count: records.length, records: records.map((record) => ({ ...record, n })) };
}
