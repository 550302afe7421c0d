// What the soak runs in threads, beside the tasks of the fault tests.
import { transfer } from 'leastwork/task';

export {
  busy,
  count,
  crash,
  crashLater,
  crashTimes,
  describeBytes,
  echo,
  endless,
  never,
  progress,
  thrower,
  trap,
} from '../fixtures/faults/tasks.mjs';

export function sum(...values) {
  return values.reduce((total, value) => total + value, 0);
}

export function reverse(text) {
  return [...text].reverse().join('');
}

/** Waits, and so runs while the thread turns its event loop. */
export function later(ms, value) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, value);
  });
}

/** Bytes that move to the caller. */
export function filled(length, byte) {
  const bytes = new Uint8Array(length).fill(byte);
  return transfer(bytes, [bytes.buffer]);
}

export function* range(from, to) {
  for (let i = from; i < to; i++) yield i;
}
