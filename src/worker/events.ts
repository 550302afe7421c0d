/**
 * The events of a worker: those of its requests, for the dispatcher, and those of its thread, for the pool.
 */

import type { ResultMessage } from '../protocol/messages.js';
import type { Request } from '../requests/request.js';
import type { ThreadDeath } from './thread.js';

export interface CompletionSink<W> {
  /** Whether the runs are those of requests, which recorders are told of; otherwise of start-up checks. */
  readonly isRecorded: boolean;
  /** A request is completed: with the message if there is one, else with the value. */
  completed(
    worker: W,
    request: Request,
    runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void;
  /** A request is over: the thread has not run it, since its queue time was over. */
  expired(worker: W, request: Request): void;
}

export interface RequestEvents<W> {
  /** Where completions go. */
  readonly completions: CompletionSink<W>;
  /** The thread has published a completion while the main thread was asleep. */
  woken(): void;
  /** The thread was unresponsive, and has answered. */
  answered(worker: W): void;
}

export interface LifecycleEvents<W> {
  /** Requests have been sent or completed. Only where `maxRequests` or `watchHeap` is set. */
  used(worker: W): void;
  /**
   * The thread has come up and loaded its modules. Also reported after its end, if it was not known before.
   */
  cameUp(worker: W): void;
  /** The thread has ended. Its last completions have not been read. */
  died(worker: W, death: ThreadDeath): void;
}
