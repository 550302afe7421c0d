import { expect, it } from 'vitest';
import { expectAllRight, FUNCTIONS, reportOf } from './tools.js';

it('functions in TypeScript that tsx runs work', async () => {
  const report = await reportOf(FUNCTIONS, ['--import', 'tsx']);
  expectAllRight(report);
  expect(report.using?.value).toEqual(['used', 'disposed']);
});
