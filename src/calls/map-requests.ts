/** The requests behind a `map`: one for each item, and how many of them there may be at a time. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { SubmitOptions } from '../options/submit.js';
import type { Request } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import type { MapRequest, MapTarget } from './map.js';
import type { Room } from './map-budget.js';
import type { Intake } from './submission.js';

/** What to run on each item. */
export interface MapCall {
  readonly task: unknown;
  readonly ref: TaskRef;
  readonly options: SubmitOptions;
  /** Most bytes of arguments in a window. */
  readonly windowBytes: number;
}

export class MappedRequests implements MapTarget {
  readonly #intake: Intake;
  readonly #dispatcher: Dispatcher;
  readonly #call: MapCall;

  constructor(intake: Intake, dispatcher: Dispatcher, call: MapCall) {
    this.#intake = intake;
    this.#dispatcher = dispatcher;
    this.#call = call;
  }

  submit(item: unknown): MapRequest {
    const { task, options } = this.#call;
    let request: Request | undefined;
    const promise = this.#intake.accept(task, [item], options, (accepted) => {
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

  room(): Room {
    const { ref, windowBytes } = this.#call;
    const workers = Math.max(1, this.#dispatcher.workers.length);
    return {
      most: this.#dispatcher.capacityFor(ref),
      bytes: 1.5 * workers * windowBytes,
      least: 2 * workers,
    };
  }

  isFull(): boolean {
    return this.#intake.lacksRoom();
  }

  ready(): Promise<void> {
    return this.#intake.ready();
  }
}
