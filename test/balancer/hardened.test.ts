import { describe, expect, it } from 'vitest';
import { everything, HEALTHY } from './everything.js';

const frozen = (...objects: string[]): string =>
  `--import=data:text/javascript,${objects.map((each) => `Object.freeze(${each});`).join('')}`;

describe('hardened programs', () => {
  it.each([
    ['--frozen-intrinsics'],
    ['--disable-proto=delete'],
    ['--disable-proto=throw'],
    [frozen('Error', 'Error.prototype', 'Object.prototype', 'Array.prototype', 'Function.prototype')],
  ])('%s', async (flag) => {
    const { outcomes, errors } = await everything([flag]);
    expect(outcomes).toEqual(HEALTHY);
    expect(errors).toBe('');
  });
});
