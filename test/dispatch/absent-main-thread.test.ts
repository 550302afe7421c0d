import { Balancer } from 'leastwork';
import { expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { range } from '../support/range.js';
import { until } from '../support/until.js';

const busyFor = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

const spin = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

/** How many requests are sent behind one that runs. */
async function sentAhead(balancer: Balancer): Promise<number> {
  const gate = new Gate();
  const first = balancer.submit(wait, [gate.shared]);
  await gate.reached(1);
  const all = range(0, 100).map(() => balancer.submit(spin, [0.2]));
  await until(() => balancer.stats().waiting + balancer.stats().workers[0]!.pending === 101);
  const ahead = balancer.stats().workers[0]!.pending - 1;
  gate.open();
  await Promise.all([first, ...all]);
  return ahead;
}

it('a main thread that is busy with other things sends more ahead', async () => {
  let most = 0;
  for (let i = 0; i < 20 && most <= 8; i++) {
    // Another one each time: it remembers how long the one at the gate has run, and sends less behind that.
    await using balancer = new Balancer({ workers: 1 });
    const turns = setInterval(() => busyFor(12), 13);
    await Promise.all(range(0, 300).map(() => balancer.submit(spin, [0.2])));
    clearInterval(turns);
    most = await sentAhead(balancer);
  }
  // Of 1.5 ms of work that would be 7, or fewer where runs are interrupted.
  expect(most).toBeGreaterThan(8);
});
