import { expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { linesOf } from '../support/program.js';

it('what tasks print comes out in order, before their results, also when the thread dies', async () => {
  const { stdout, code } = await runChild('prints, then crashes');
  const printed = Array.from({ length: 200 }, (_, i) => `line ${i}`);
  const expected = ['undefined', 'throw', 'exit', 'uncaught error', 'unhandled rejection'].flatMap((how) => [
    ...printed,
    `after ${how}`,
  ]);
  expect(linesOf(stdout)).toEqual([...expected, ...printed, 'closed']);
  expect(code).toBe(0);
});

it('what a short task prints comes before what its caller does with the result', async () => {
  const lines = linesOf((await runChild('prints in short tasks')).stdout);
  expect(lines).toHaveLength(4000);
  const printed = new Set<string>();
  for (const line of lines) {
    if (!line.startsWith('after ')) printed.add(line);
    else if (!printed.has(line.slice(6))) expect.unreachable(`'${line}' before it was printed`);
  }
  expect(printed.size).toBe(2000);
});
