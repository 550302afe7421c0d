/** The request behind a stream: starts it, gives credit, stops it. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { SubmitOptions } from '../options/submit.js';
import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';
import type { StreamSource } from './stream.js';
import type { Submission } from './submission.js';

/** The arguments of `stream`. */
export interface StreamCall {
  readonly task: unknown;
  readonly args: readonly unknown[] | undefined;
  readonly options: SubmitOptions | undefined;
}

export class StreamRequest implements StreamSource {
  readonly #submission: Submission;
  readonly #dispatcher: Dispatcher;
  readonly #call: StreamCall;
  #request: Request | undefined;
  #running: Promise<unknown> | undefined;

  constructor(submission: Submission, dispatcher: Dispatcher, call: StreamCall) {
    this.#submission = submission;
    this.#dispatcher = dispatcher;
    this.#call = call;
  }

  start(onYield: (value: unknown) => void): Promise<unknown> {
    const { task, args, options = {} } = this.#call;
    this.#running = this.#submission.accept(
      task,
      args,
      options,
      (request, extras) => {
        this.#request = request;
        extras.onYield = onYield;
        // A second run would repeat values that the caller has had.
        extras.retries = 0;
      },
      true,
    );
    return this.#running;
  }

  credit(values: number): void {
    const request = this.#request;
    if (request !== undefined && !request.isSettled) workerOf(request)?.commands.credit(request, values);
  }

  async stop(): Promise<void> {
    const request = this.#request;
    if (request === undefined || request.isSettled) return;
    if (this.#dispatcher.withdraw(request)) request.drop();
    else {
      if (request.extras !== undefined) request.extras.isLeft = true;
      workerOf(request)?.commands.stopStream(request);
    }
    // The caller has left the loop: an error of the generator has nobody to go to.
    await this.#running?.catch(() => {});
  }
}

function workerOf(request: Request): Worker | undefined {
  return request.extras?.worker as Worker | undefined;
}
