/**
 * What is counted of one task. Each task refers to its own account, so that counting by task takes no look-up,
 * and the totals of a Balancer are the sum of its accounts.
 */
import { noOutcomes, type RequestOutcome } from './outcome.js';
import type { TaskRecorder } from './recorder.js';

export class Account {
  /** What became of its requests. An item of a `map` counts as one. */
  readonly outcomes: { [Outcome in RequestOutcome]: number } = noOutcomes();
  /** Counts its times and bytes; `undefined`: nobody wants to know. */
  recorder: TaskRecorder | undefined = undefined;
}
