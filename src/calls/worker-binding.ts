/** Binds a request to one worker, for as long as that is there. */
import type { Binding } from '../requests/request.js';
import type { View } from '../worker/view.js';
import type { Worker } from '../worker/worker.js';

export class WorkerBinding implements Binding {
  readonly #worker: Worker;
  readonly #goneError: Error;

  /** @param goneError rejects the request if the worker is gone before it has started */
  constructor(worker: Worker, goneError: Error) {
    this.#worker = worker;
    this.#goneError = goneError;
  }

  bind(): View<Worker> {
    const { state, view } = this.#worker;
    if (state === 'dead' || state === 'ejected') throw this.#goneError;
    return view;
  }

  settled(): void {}
}
