/** How many jobs a machine takes at a time, by what those before took. */
import { expect, test } from 'vitest';
import { Slots } from '../../dist/src/cluster/slots.js';

/** A machine of one thread. */
function machine() {
  let time = 0;
  const stats = { workers: [{}], busyTime: 0 };
  const slots = new Slots(
    { stats: () => stats } as never,
    1,
    () => {},
    () => time,
  );
  /** @param busy the time of the runs that the Balancer knows of */
  const after = (jobs: number, busy: number, unknown = 0): number => {
    for (let i = 0; i < jobs; i++) slots.ran(unknown);
    stats.busyTime += busy;
    time += 200;
    return slots.limit;
  };
  return { slots, after };
}

test('one is ahead, and of short jobs as many as 4 ms are', () => {
  const { slots, after } = machine();
  expect(slots.limit).toBe(2);
  expect(after(10, 1)).toBe(1 + 40);
  expect(after(1_000, 1)).toBe(1 + 64);
  expect(after(1, 100)).toBe(2);
});

test('a job that has ended its thread is as long as it was here', () => {
  const { slots, after } = machine();
  expect(slots.limit).toBe(2);
  expect(after(1, 0, 300)).toBe(2);
  expect(after(2, 0, 1)).toBe(2);
});

test('where none has ended, those that run are long', () => {
  const { slots, after } = machine();
  expect(after(10, 1)).toBe(1 + 40);
  slots.add({ concurrency: 1 } as never);
  slots.changed({ concurrency: 1 } as never, 1);
  expect(after(0, 0)).toBe(2);
});
