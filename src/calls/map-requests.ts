/** The requests behind a `map`: one for each item, and how many of them there may be at a time. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { SubmitOptions } from '../options/submit.js';
import type { Request } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import type { MapRequest, MapTarget } from './map.js';
import type { MapLimits } from './map-budget.js';
import type { Submission } from './submission.js';

/** What to run on each item. */
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

  constructor(intake: Submission, dispatcher: Dispatcher, call: MapCall) {
    this.#submission = intake;
    this.#dispatcher = dispatcher;
    this.#call = call;
  }

  submit(item: unknown): MapRequest {
    const { task, options } = this.#call;
    let request: Request | undefined;
    const promise = this.#submission.accept(task, [item], options, (accepted) => {
      request = accepted;
    });
    const takeBack = (): void => {
      if (request === undefined || request.isSettled) return;
      const isUnstarted = this.#dispatcher.withdraw(request);
      // After an abort, what runs is stopped by the same signal, which then must still find it unsettled.
      if (isUnstarted || options.signal?.aborted !== true) request.resolve(undefined);
    };
    return { promise, takeBack };
  }

  room(): MapLimits {
    const { ref, windowBytes } = this.#call;
    const workers = Math.max(1, this.#dispatcher.workers.length);
    return {
      most: this.#dispatcher.capacityFor(ref),
      bytes: 1.5 * workers * windowBytes,
      least: 2 * workers,
    };
  }

  isFull(): boolean {
    return this.#submission.lacksRoom();
  }

  ready(): Promise<void> {
    return this.#submission.ready();
  }
}
