/** A worker as others see it: what state it is in, and the numbers that policies go by. */
import type { WorkerView } from '../policies/policy.js';

/**
 * The transitions: starting → (checking →) ready → draining → ejected; each of them → dead at any time, ready → ejected.
 *
 *     starting  the thread is coming up
 *     checking  it is up, and runs the check that it must pass (`pool/admission.ts`)
 *     ready     the policy may select it
 *     draining  it finishes what it has started, and stays for its sessions
 *     ejected   taken out as broken: it finishes what it has started at most, and its sessions move
 */
export type WorkerState = 'starting' | 'checking' | 'ready' | 'draining' | 'ejected' | 'dead';

/** The numbers that policies see, and for the dispatcher whose they are: a policy's answer is one of these. */
export class View<W> implements WorkerView {
  readonly id: number;
  readonly weight: number;
  readonly label: string;
  pending = 0;
  work = 0;
  available = true;
  readonly worker: W;
  constructor(worker: W, id: number, label: string, weight: number) {
    this.worker = worker;
    this.id = id;
    this.weight = weight;
    this.label = label;
  }
}
