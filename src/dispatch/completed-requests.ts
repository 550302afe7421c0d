/**
 * What follows when a request is completed: it is counted, its task's mean run time and the policy learn from
 * it, and its promise is settled.
 */
import { ownValue } from '../options/validate.js';
import type { Policy } from '../policies/policy.js';
import type { ResultMessage } from '../protocol/messages.js';
import type { Chunk } from '../requests/chunk.js';
import { queueTimeoutError } from '../requests/queue-timeout-error.js';
import type { Request } from '../requests/request.js';
import type { Settlement } from '../requests/settlement.js';
import type { CompletionSink } from '../worker/events.js';
import type { Worker } from '../worker/worker.js';
import type { Counters } from './counters.js';
import { reportChunk, reportRun } from './run-report.js';

export interface CompletionEvents {
  /** A request has been run whose caller still waits for it. Called only if it is defined. */
  observed?(worker: Worker, ok: boolean): void;
}

export class CompletedRequests implements CompletionSink<Worker> {
  readonly isRecorded = true;
  readonly #policy: Policy;
  /** Whether the policy learns from runs. */
  readonly #policyObserves: boolean;
  readonly #counts: Counters;
  readonly #settlement: Settlement;
  readonly #events: CompletionEvents;

  constructor(policy: Policy, counts: Counters, settlement: Settlement, events: CompletionEvents) {
    this.#policy = policy;
    this.#policyObserves = ownValue(policy, 'observe') !== undefined;
    this.#counts = counts;
    this.#settlement = settlement;
    this.#events = events;
  }

  /** A request is completed; the worker's window does not count it any more. */
  completed(
    worker: Worker,
    request: Request,
    runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void {
    const chunk = request.extras?.chunk;
    if (chunk !== undefined) {
      this.#chunkCompleted(worker, request, chunk, runTime, value, message);
      return;
    }
    request.task.ran(runTime);
    const failure = message?.failure;
    // Its times, and what a small result takes, are recorded before it is read.
    const { observer } = request.task.ledger;
    if (observer !== undefined) reportRun(observer, worker, request, runTime, failure !== undefined);
    this.#counts.completed++;
    if (failure !== undefined) {
      this.#counts.failed++;
      worker.failed++;
      const { recorder } = request.task.account;
      if (recorder !== undefined) recorder.failed++;
    }
    if (this.#policyObserves) this.#policy.observe?.(worker.view, { runTime, ok: failure === undefined });
    // An aborted request, or one that timed out, fails for that reason, on whichever worker.
    if (this.#events.observed !== undefined && !request.isSettled)
      this.#events.observed(worker, failure === undefined);
    this.#settlement.settle(request, value, message);
  }

  /** Nothing is learnt from it: it has not run. */
  expired(_worker: Worker, request: Request): void {
    request.rejectWith(() => queueTimeoutError(request), 'timed-out-queued');
  }

  /**
   * Each item of a chunk counts as a request. Items that were not run have not been submitted, until they are
   * again.
   */
  #chunkCompleted(
    worker: Worker,
    request: Request,
    chunk: Chunk,
    runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void {
    const { completed } = chunk;
    const counts = this.#counts;
    const failed = typeof value === 'number' ? value : 0;
    counts.completed += completed;
    counts.failed += failed;
    worker.failed += failed;
    reportChunk(worker, request, chunk, runTime, completed, failed);
    if (completed > 0) {
      const mean = runTime / completed;
      chunk.meanTime = mean;
      request.task.ranOften(mean, completed);
      this.#policy.observe?.(worker.view, { runTime: mean, ok: failed === 0 });
      if (this.#events.observed !== undefined && !request.isSettled)
        for (let i = 0; i < completed; i++) this.#events.observed(worker, i >= failed);
    }
    // The thread could not read the chunk.
    if (message !== undefined) chunk.dissolved();
    this.#settlement.settle(request, value, undefined);
  }
}
