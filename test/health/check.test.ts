import { describe, expect, it } from 'vitest';
import { CHECK_DEFAULTS, Check } from '../../dist/src/health/check.js';

const verdicts = (thresholds: typeof CHECK_DEFAULTS, checks: string): string => {
  const check = new Check(thresholds);
  return [...checks]
    .map((result) => {
      const turned = check.observe(result === '+');
      const letter = check.verdict[0]!;
      return turned ? letter.toUpperCase() : letter;
    })
    .join('');
};

// u(nchecked)/u(nhealthy) share a letter on purpose: neither may serve. Capitals: the verdict turned.
describe('verdict from a row of checks', () => {
  it('one check decides by default', () => expect(verdicts(CHECK_DEFAULTS, '+-++-')).toBe('HUHhU'));

  it('a worker is not healthy before it was checked', () => {
    expect(new Check(CHECK_DEFAULTS).verdict).toBe('unchecked');
  });

  it('takes the given number in a row', () => {
    const thresholds = { consecutiveSuccess: 2, consecutiveFailure: 3 };
    expect(verdicts(thresholds, '+-++--+---+-++')).toBe('uuuHhhhhhUuuuH');
    expect(verdicts(thresholds, '---')).toBe('uuU');
  });

  it('forgets', () => {
    const check = new Check({ consecutiveSuccess: 2, consecutiveFailure: 1 });
    check.observe(true);
    check.reset();
    check.observe(true);
    expect(check.verdict).toBe('unchecked');
    check.observe(true);
    expect(check.verdict).toBe('healthy');
  });
});
