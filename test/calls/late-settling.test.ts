/** Results are read and their promises not settled yet, since the caller's code takes long with each. */
import { Balancer } from 'leastwork';
import { expect, it } from 'vitest';

/** The task. */
const nothing = () => 1;
/** The task: ends its thread. */
const die = () => process.exit(3);

/** Keeps the main thread busy, in ms. */
function busy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** A burst as long as makes the main thread read completions in the middle of it. */
const BURST = 64;

it('settles them, although their thread has died, when their time is over', async () => {
  const balancer = new Balancer({ workers: 1, window: 256 });
  // With results that take long, few are settled in one turn of the event loop.
  for (let round = 0; round < 5; round++) {
    const slow = Array.from({ length: 200 }, () => balancer.submit(nothing).then(() => busy(0.2)));
    await Promise.all(slow);
  }

  const QUEUE_MS = 1_500;
  const until = performance.now() + QUEUE_MS;
  const results = Array.from({ length: 100 }, () =>
    balancer.submit(nothing, [], { queueTimeout: QUEUE_MS }).then((value) => {
      busy(1);
      return value;
    }),
  );
  const last = balancer.submit(die).catch((error: { code: string }) => error.code);
  for (let i = 0; i < 3; i++) await undefined;
  // The thread has completed all that it gets, and has gone, also where it was not run for a while.
  busy(1_200);
  const more = Array.from({ length: BURST }, () => balancer.submit(nothing));
  // With a third of them settled the queue time of the others is over.
  busy(until - performance.now() - 5);

  expect(await Promise.all(results)).toEqual(results.map(() => 1));
  expect(await last).toBe('ERR_WORKER_CRASHED');
  expect(await Promise.all(more)).toEqual(more.map(() => 1));
  await balancer.close();
});

it('closes when all of them are settled', async () => {
  const balancer = new Balancer({ workers: 1, window: 256 });
  await Promise.all(Array.from({ length: 200 }, () => balancer.submit(nothing).then(() => busy(0.2))));
  let settled = 0;
  const results = Array.from({ length: 150 }, () =>
    balancer.submit(nothing).then(() => {
      busy(1);
      settled++;
    }),
  );
  for (let i = 0; i < 3; i++) await undefined;
  busy(100);
  // Their completions are read in the middle of a burst, of which nothing is sent.
  const refused = Array.from({ length: BURST }, () =>
    balancer.submit(nothing, [() => {}] as never).catch(({ code }) => code),
  );
  await balancer.close();
  expect(settled).toBe(results.length);
  expect(new Set(await Promise.all(refused))).toEqual(new Set(['ERR_NOT_CLONEABLE']));
});
