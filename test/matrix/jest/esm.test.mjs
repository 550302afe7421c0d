// Jest with ES modules.
import { jest } from '@jest/globals';
import { Balancer, InvalidOptionError, tasks } from 'leastwork';

jest.setTimeout(60_000);
const balancer = new Balancer({ workers: 1 });
afterAll(() => balancer.close());

test('tasks, results and errors', async () => {
  const { echo } = tasks(new URL('./tasks.js', import.meta.url));
  const list = Array.from({ length: 5_000 }, (_, i) => ({ i, more: [i] }));
  expect(await balancer.submit(echo, [list])).toStrictEqual(list);
  expect(await balancer.submit((items) => items, [list])).toStrictEqual(list);
  await expect(balancer.submit(echo, [], { timeout: -1 })).rejects.toThrow(InvalidOptionError);
});
