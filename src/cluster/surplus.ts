/**
 * Jobs that a machine gives back: it has more ahead than it should, since they take longer than those before them.
 * They would wait here while another machine is idle.
 */
import type { Balancer } from '../balancer.js';
import { withdrawUnstarted } from '../withdrawal.js';
import type { HeldJob } from './held-job.js';
import { GIVEN_BACK } from './of-machine.js';

/** Gives back so many of the jobs that no thread has begun, or as many as there are: those that came last. */
export function giveBack(balancer: Balancer, runs: Iterable<HeldJob>, count: number): void {
  let left = count;
  for (const { chunk, controller } of [...runs].reverse()) {
    if (left <= 0) return;
    // Parts of a chunk may have run.
    if (chunk === undefined && withdrawUnstarted(balancer, controller.signal, GIVEN_BACK)) left--;
  }
}
