import { Balancer } from 'leastwork';
import { expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { range } from '../support/range.js';
import { until } from '../support/until.js';

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
    await gate.reached(1);
    const all = range(0, 100).map(() => balancer.submit(spin, [0.2]));
    await until(() => balancer.stats().waiting + balancer.stats().workers[0]!.pending === 101);
    const ahead = balancer.stats().workers[0]!.pending - 1;
    gate.open();
    await Promise.all([first, ...all]);
    return ahead;
  };
  let most = 0;
  for (let i = 0; i < 20 && most <= 8; i++) {
    const turns = setInterval(() => busyFor(12), 13);
    await Promise.all(range(0, 300).map(() => balancer.submit(spin, [0.2])));
    clearInterval(turns);
    most = Math.max(most, await sentAhead());
  }
  // Of 1.5 ms of work that would be 7, or fewer where runs are interrupted.
  expect(most).toBeGreaterThan(8);
});
