/** Stops runs, and notes of each whether a thread had begun it: such a one would run a second time elsewhere. */
import type { Balancer } from '../balancer.js';
import { IdleObserver, type ObservedRequest } from '../ledger/observer.js';
import { observationsOf } from '../stats/observation.js';
import type { HeldJob } from './held-job.js';

class Begun extends IdleObserver {
  any = false;

  override settled({ startedAt }: ObservedRequest): void {
    if (startedAt !== undefined) this.any = true;
  }
}

export function stopAll(balancer: Balancer, runs: Iterable<HeldJob>, reason: Error): void {
  const begun = new Begun();
  const stops = observationsOf(balancer).map((observation) => observation.observe(begun));
  for (const run of runs) {
    begun.any = false;
    // Its requests are settled meanwhile.
    run.abort(reason);
    run.hasBegun = begun.any;
  }
  for (const stop of stops) stop();
}
