/** The part of a worker that policies see. */
import type { WorkerView } from '../policies/policy.js';

/** `worker` is for the dispatcher: a policy answers with one of these. */
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
