// TypeScript with tasks in TypeScript, which Jest compiles for itself alone.
import { Balancer, QueueFullError, tasks } from 'leastwork';

const { area, unit } = tasks<typeof import('./typed-tasks')>(require.resolve('./typed-tasks'));

let balancer: Balancer;
beforeAll(() => {
  balancer = new Balancer({ workers: 1 });
});
afterAll(() => balancer.close());

test('a task in TypeScript, which imports another module and has an enum', async () => {
  expect(await balancer.submit(area, [{ width: 2, height: 3 }])).toStrictEqual({ area: 6, unit: 'cm²' });
  expect(await balancer.submit(unit)).toBe('cm²');
});

test('an inline function', async () => {
  const list = Array.from({ length: 5_000 }, (_, i) => ({ i }));
  expect(
    await balancer.submit((items: { i: number }[]) => items.map(({ i }) => ({ i })), [list]),
  ).toStrictEqual(list);
});

test('a class of errors', () => {
  expect(new QueueFullError(1)).toBeInstanceOf(Error);
});
