import { fileURLToPath } from 'node:url';
import { tasks } from 'leastwork';
import { expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { linesOf, outputOfNode } from '../support/program.js';

const script = fileURLToPath(new URL('../fixtures/tasks/run-typed.mjs', import.meta.url));

it('a TypeScript module runs where the process has a loader for it', async () => {
  const lines = linesOf(await outputOfNode(['--import', 'tsx', script]));
  const outcome = JSON.stringify([{ value: { x: 3 } }]);
  expect(lines).toEqual([outcome, outcome]);
});

const typed = (query: string) =>
  tasks<typeof import('../fixtures/tasks/typed.ts')>(
    new URL(`../fixtures/tasks/typed.js${query}`, import.meta.url),
  );

it.each(['', '?v=1'])('a JavaScript file that is not there means the TypeScript module%s', (query) =>
  withBalancer({ workers: 1 }, async (balancer) => {
    expect(await balancer.submit(typed(query).shift, [{ x: 1 }, 2])).toEqual({ x: 3 });
  }),
);

it('what is missing is named as it was asked for where there is neither', () =>
  withBalancer({ workers: 1 }, async (balancer) => {
    const { gone } = tasks<{ gone(): void }>(new URL('./gone.js', import.meta.url));
    await expect(balancer.submit(gone)).rejects.toMatchObject({
      code: 'ERR_TASK_NOT_FOUND',
      message: expect.stringContaining('gone.js'),
    });
  }));
