/** Turns the items of a map into requests, and limits how many of them are under way. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { SubmitOptions } from '../options/submit.js';
import type { Request } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import type { MapRequest, MapTarget } from './map.js';
import type { MapLimits } from './map-budget.js';
import type { Submission } from './submission.js';

/** The task of a map, and how its requests are submitted. */
export interface MapCall {
  readonly task: unknown;
  readonly ref: TaskRef;
  readonly options: SubmitOptions;
  /** Most bytes of arguments in a window. */
  readonly windowBytes: number;
}

export class MapRequests implements MapTarget {
  readonly #submission: Submission;
  readonly #dispatcher: Dispatcher;
  readonly #call: MapCall;

  constructor(submission: Submission, dispatcher: Dispatcher, call: MapCall) {
    this.#submission = submission;
    this.#dispatcher = dispatcher;
    this.#call = call;
  }

  submit(item: unknown): MapRequest {
    const { task, options } = this.#call;
    let request: Request | undefined;
    const promise = this.#submission.accept(task, [item], options, (accepted) => {
      request = accepted;
    });
    const withdraw = (): void => {
      if (request === undefined || request.isSettled) return;
      const wasUnstarted = this.#dispatcher.withdraw(request);
      // After an abort the same signal stops the running requests, and it stops only those that are not
      // settled.
      if (wasUnstarted || options.signal?.aborted !== true) request.resolve(undefined);
    };
    return { promise, withdraw };
  }

  limits(): MapLimits {
    const { ref, windowBytes } = this.#call;
    const workers = Math.max(1, this.#dispatcher.workers.length);
    return {
      most: this.#dispatcher.capacityFor(ref),
      bytes: 1.5 * workers * windowBytes,
      least: 2 * workers,
    };
  }

  makeSpace(): boolean {
    return this.#submission.makeSpace();
  }

  ready(): Promise<void> {
    return this.#submission.ready();
  }
}
