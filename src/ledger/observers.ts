/** Several observers in the place of one. */
import type { ObservedRequest, ObservedRun, ObservedWorker, Observer, Thrown } from './observer.js';
import type { RequestOutcome } from './outcome.js';

export class Observers implements Observer {
  readonly #all: readonly Observer[];

  constructor(all: readonly Observer[]) {
    this.#all = all;
  }

  submitted(request: ObservedRequest): void {
    for (const each of this.#all) each.submitted(request);
  }

  ran(request: ObservedRequest, worker: ObservedWorker, run: ObservedRun): void {
    for (const each of this.#all) each.ran(request, worker, run);
  }

  settled(request: ObservedRequest, outcome: RequestOutcome, thrown: Thrown | undefined): void {
    for (const each of this.#all) each.settled(request, outcome, thrown);
  }

  workerStarted(worker: Parameters<Observer['workerStarted']>[0]): void {
    for (const each of this.#all) each.workerStarted(worker);
  }

  workerEnded(worker: Parameters<Observer['workerEnded']>[0]): void {
    for (const each of this.#all) each.workerEnded(worker);
  }

  workerEjected(worker: Parameters<Observer['workerEjected']>[0]): void {
    for (const each of this.#all) each.workerEjected(worker);
  }

  queueFull(queue: Parameters<Observer['queueFull']>[0]): void {
    for (const each of this.#all) each.queueFull(queue);
  }
}
