/** Number of failures that halts a batch. */
export interface HaltRule {
  /** `now`: running items are abandoned; `soon`: they are finished. */
  readonly when: 'now' | 'soon';
  /** Failed items, an integer ≥ 1; or, below 1, their share of all finished items. */
  readonly fail: number;
}

/** Fewest failures for a rule with a share. */
const LEAST_FAILURES = 3;

export function mustHalt(rule: HaltRule | undefined, failed: number, items: number): boolean {
  if (rule === undefined || failed === 0) return false;
  if (rule.fail >= 1) return failed >= rule.fail;
  return failed >= LEAST_FAILURES && failed >= items * rule.fail;
}
