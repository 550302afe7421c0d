import { Balancer } from 'leastwork';
import { expect, it } from 'vitest';
import { Gate, until, wait } from './gate.js';

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

const busyFor = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

it('a main thread that is busy with other things sends more ahead', async () => {
  await using balancer = new Balancer({ workers: 1 });
  const spin = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  /** How many requests are sent behind one that runs. */
  const sentAhead = async (): Promise<number> => {
    const gate = new Gate();
    const first = balancer.submit(wait, [gate.shared]);
    await gate.waitFor(1);
    const all = range(100).map(() => balancer.submit(spin, [0.2]));
    await until(() => balancer.stats().queued + balancer.stats().workers[0]!.pending === 101);
    const ahead = balancer.stats().workers[0]!.pending - 1;
    gate.open();
    await Promise.all([first, ...all]);
    return ahead;
  };
  await Promise.all(range(100).map(() => balancer.submit(spin, [0.2])));
  const turns = setInterval(() => busyFor(5), 6);
  await Promise.all(range(1_000).map(() => balancer.submit(spin, [0.2])));
  clearInterval(turns);
  expect(await sentAhead()).toBeGreaterThan(12);
});
