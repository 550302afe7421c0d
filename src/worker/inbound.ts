/** The messages of a thread: each goes where it is handled. */
import { decodeFailure } from '../errors/failure.js';
import type { ToMain } from '../protocol/messages.js';
import type { LifecycleEvents, RequestEvents } from './events.js';
import type { ForcedExit } from './forced-exit.js';
import type { Profiling } from './profiling.js';
import type { Receiver } from './receiver.js';
import type { Status } from './status.js';
import type { Thread } from './thread.js';
import type { WindowWriter } from './window-writer.js';

/** Those parts of a worker that messages concern. */
export interface InboundParts {
  readonly status: Status;
  readonly thread: Thread;
  readonly receiver: Receiver;
  readonly profiling: Profiling;
  readonly forcedExit: ForcedExit;
  readonly writer: WindowWriter;
}

export class Inbound<W> {
  readonly #worker: W;
  readonly #parts: InboundParts;
  readonly #requestEvents: RequestEvents<W>;
  readonly #lifecycleEvents: LifecycleEvents<W>;

  constructor(
    worker: W,
    parts: InboundParts,
    requestEvents: RequestEvents<W>,
    lifecycleEvents: LifecycleEvents<W>,
  ) {
    this.#worker = worker;
    this.#parts = parts;
    this.#requestEvents = requestEvents;
    this.#lifecycleEvents = lifecycleEvents;
  }

  receive(message: ToMain): void {
    if (message === 'wake') {
      this.#requestEvents.woken();
      return;
    }
    const { status, thread, receiver, profiling, forcedExit, writer } = this.#parts;
    switch (message.type) {
      case 'here':
        status.answered();
        this.#requestEvents.answered(this.#worker);
        break;
      case 'ready':
        this.#lifecycleEvents.cameUp(this.#worker);
        break;
      case 'teardown':
        forcedExit.tearingDown();
        if (message.reason !== undefined) thread.blame(decodeFailure(message.reason));
        break;
      case 'unready':
        // Not `terminated`: nobody wanted its end.
        void thread.terminate(decodeFailure(message.reason) as Error);
        break;
      case 'spent':
        writer.claimedCannotStart();
        void thread.terminate(decodeFailure(message.reason) as Error);
        break;
      case 'profiled':
        profiling.answered(message);
        break;
      default:
        receiver.receive(message);
    }
  }
}
