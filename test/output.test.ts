import { expect, it } from 'vitest';
import { runChild } from './lifecycle/child.js';

it('what tasks print comes out in order, before their results, also when the thread dies', async () => {
  const { lines, code } = await runChild('prints, then crashes');
  const printed = Array.from({ length: 200 }, (_, i) => `line ${i}`);
  const expected = ['undefined', 'throw', 'exit', 'uncaught error', 'unhandled rejection'].flatMap((how) => [
    ...printed,
    `after ${how}`,
  ]);
  expect(lines).toEqual([...expected, ...printed, 'closed']);
  expect(code).toBe(0);
});
