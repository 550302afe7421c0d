import { Balancer } from 'leastwork';
import { expect, it } from 'vitest';
import { observationsOf } from '../../dist/src/stats/observation.js';
import { range } from '../support/range.js';

/** A module of the threads: each task runs in an AsyncLocalStorage with what has travelled. */
const restorer = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { AsyncLocalStorage } from 'node:async_hooks';
    import { restoreContext } from '${new URL('../../dist/workers/task.js', import.meta.url)}';
    const storage = new AsyncLocalStorage();
    globalThis.carried = () => storage.getStore()?.trace;
    restoreContext((carrier, run) => storage.run(carrier, run));
  `)}`,
);

/** The task of all requests. */
const carried = () => (globalThis as unknown as { carried(): unknown }).carried();

it("a task runs in its caller's context, wherever it runs, and no other does", async () => {
  await using balancer = new Balancer({ workers: 1, preload: [restorer] });
  let trace: string | undefined = 'a';
  const stop = observationsOf(balancer)[0]?.propagate(() => (trace === undefined ? undefined : { trace }));
  const first = balancer.submit(carried);
  trace = 'b';
  const second = balancer.submit(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return (globalThis as unknown as { carried(): unknown }).carried();
  });
  trace = undefined;
  const third = balancer.submit(carried);
  expect(await Promise.all([first, second, third])).toEqual(['a', 'b', undefined]);
  trace = 'c';
  const items: unknown[] = [];
  for await (const item of balancer.map(range(0, 6), carried, { batch: 3 })) items.push(item);
  expect(items).toEqual(Array(6).fill('c'));
  trace = 'd';
  const values: unknown[] = [];
  const task = function* () {
    const read = (globalThis as unknown as { carried(): unknown }).carried;
    yield read();
    yield read();
  };
  for await (const value of balancer.stream(task)) values.push(value);
  expect(values).toEqual(['d', 'd']);
  stop?.();
  expect(await balancer.submit(carried)).toBe(undefined);
});

it('what travels does no harm where no module wants it', async () => {
  await using balancer = new Balancer({ workers: 1 });
  observationsOf(balancer)[0]?.propagate(() => ({ trace: 'a' }));
  expect(await balancer.submit((a, b) => a + b, [1, 2])).toBe(3);
});
