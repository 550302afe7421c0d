/** After how many failures a batch is given up. */
export interface HaltRule {
  /** `now`: items that run are not waited for; `soon`: they are. */
  readonly when: 'now' | 'soon';
  /** So many failed items, ≥ 1; or below 1 a share of all that have been run. */
  readonly fail: number;
}

/** A share says little before that many have failed. */
const LEAST_FAILURES = 3;

export function mustHalt(rule: HaltRule | undefined, failed: number, items: number): boolean {
  if (rule === undefined || failed === 0) return false;
  if (rule.fail >= 1) return failed >= rule.fail;
  return failed >= LEAST_FAILURES && failed >= items * rule.fail;
}
