import { describe, expect, it } from 'vitest';
import { LookBudget } from '../../dist/src/dispatch/look-budget.js';

/** A look that reads `count` results of so many ms each. */
function look(budget: LookBudget, count: number, each: number, now = 100): void {
  budget.began(now);
  if (budget.read(count)) budget.ended(now + count * each);
}

describe('a look at the results', () => {
  it('reads as many as are dealt with in 2 ms', () => {
    const budget = new LookBudget();
    look(budget, 100, 0.02);
    expect(budget.limit).toBe(100);
    look(budget, 100, 0.1);
    expect(budget.limit).toBeLessThanOrEqual(32);
  });

  it('reads more again when results have become cheap, but not at once', () => {
    const budget = new LookBudget();
    look(budget, 100, 0.02);
    look(budget, 100, 0.001);
    expect(budget.limit).toBeGreaterThan(100);
    expect(budget.limit).toBeLessThan(200);
    for (let i = 0; i < 40; i++) look(budget, 100, 0.001);
    expect(budget.limit).toBeGreaterThan(1_900);
  });

  it('learns nothing from a few results, or from a look that nobody has measured', () => {
    const budget = new LookBudget();
    const { limit } = budget;
    look(budget, 5, 3);
    budget.ended(1e6);
    expect(budget.limit).toBe(limit);
  });
});
