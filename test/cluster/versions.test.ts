import { tasks } from 'leastwork';
import { expect, test } from 'vitest';
import { LeaveDelay } from '../../dist/src/cluster/leave-delay.js';
import { onEachEngine } from '../support/cluster.js';
import { range } from '../support/range.js';

const version = (name: string): URL => new URL(`../fixtures/cluster/${name}/version.mjs`, import.meta.url);
const { before, added } = tasks<{ before(): string; added(n: number): number }>(version('old'));

/** The delay where nothing better is known, in ms. */
const LONG = 500;

onEachEngine((site) => {
  test('a job that comes to a machine of another version is with the next one at once', async () => {
    const old = await site.machine({}, [version('old')]);
    await site.machine({}, [version('new')]);
    const cluster = site.cluster();
    expect(await cluster.submit(added, [0])).toBe(0);
    /** Of requests that the old machine has left: whether one came earlier that waits for all of the delay. */
    const late: boolean[] = [];
    let left = old.stats().jobs.left;
    for (let n = 0; late.length < 5; n++) {
      const controller = new AbortController();
      let isLate = false;
      const delayed = cluster.submit(before, [], { delay: LONG, signal: controller.signal });
      delayed.then(
        () => {
          isLate = true;
        },
        () => {},
      );
      expect(await cluster.submit(added, [n])).toBe(n);
      if (old.stats().jobs.left > left) late.push(isLate);
      left = old.stats().jobs.left;
      controller.abort();
    }
    // Without the others, one of them would take all of the delay.
    expect(late.filter((each) => each).length).toBeLessThan(3);
  });

  test('tasks that few machines serve come through among those that all do', async () => {
    const olds = await Promise.all(range(0, 3).map(() => site.machine({}, [version('old')])));
    const cluster = site.cluster();
    const early = range(0, 50).map((n) => cluster.submit(added, [n]));
    await expect.poll(() => olds.every((old) => old.stats().jobs.left > 3)).toBe(true);
    // What they left says nothing of how long jobs take, and so of how many a machine may have ahead.
    expect(olds.map((old) => old.stats().slots)).toEqual([2, 2, 2]);
    await site.machine({}, [version('new')]);
    const late = range(50, 200).map((n) => cluster.submit(added, [n]));
    const others = await Promise.all(range(0, 200).map(() => cluster.submit(before)));
    expect(new Set(others)).toContain('old');
    expect(await Promise.all([...early, ...late])).toEqual(range(0, 200));
  });
});

const machine = (id: string, ...names: string[]) =>
  ({ kind: 'machine', id, host: '', pid: 1, every: 5_000, tasks: names, threads: 1, slots: 2 }) as const;

test('the first round is fast where another machine serves the task; then the delay grows', async () => {
  let looks = 0;
  const machines = [machine('self', 'm/a'), machine('b', 'm/a'), machine('c', 'm/a', 'm/b')];
  const delay = new LeaveDelay(
    'self',
    async () => {
      looks++;
      return machines;
    },
    () => 0,
  );
  const visits = [1, 2, 3, 4, 5, 6, 11, 12, 1_000];
  expect(await Promise.all(visits.map((n) => delay.of('m/b', n)))).toEqual([
    1,
    1,
    1,
    2,
    4,
    8,
    256,
    LONG,
    LONG,
  ]);
  expect(await delay.of('m/other', 1)).toBe(LONG);
  expect(looks).toBe(1);
});

test('nobody else serves the task, or the engine does not tell: others may take it after the long delay', async () => {
  const alone = new LeaveDelay('self', async () => [machine('self', 'm/a'), machine('b')]);
  expect(await alone.of('m/a', 1)).toBe(LONG);
  const refused = new LeaveDelay('self', () => Promise.reject(new Error('READONLY')));
  expect(await refused.of('m/a', 1)).toBe(LONG);
});

test('a machine does not spend its time on jobs that it does not serve', async () => {
  let now = 0;
  const delay = new LeaveDelay(
    'self',
    async () => [machine('b', 'm/a')],
    () => now,
  );
  const short = async (): Promise<number> => {
    const delays = await Promise.all(range(0, 1_000).map(() => delay.of('m/a', 1)));
    return delays.filter((ms) => ms < LONG).length;
  };
  expect(await short()).toBe(100);
  now = 500;
  expect(await short()).toBe(0);
  now = 1_000;
  expect(await short()).toBe(100);
});
