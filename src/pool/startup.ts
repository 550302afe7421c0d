/**
 * What a fresh thread runs before it gets requests: the broadcasts that are kept for it, then the task of the
 * `check` option. A step that fails ends the thread, unless it is a broadcast that was called while the
 * thread was starting: its caller is told, as of threads that were ready. Where there are no steps it is
 * enough that the thread has come up and loaded its modules.
 */
import { decodeFailure } from '../errors/failure.js';
import { messageOf } from '../errors/printing.js';
import { performance } from '../protocol/clock.js';
import { Deadline } from '../protocol/deadline.js';
import type { ResultMessage } from '../protocol/messages.js';
import { Request } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import type { CompletionSink } from '../worker/events.js';
import type { Worker } from '../worker/worker.js';
import type { Broadcasts } from './broadcasts.js';

/** The task of the `check` option. */
export interface StartupCheck {
  readonly task: TaskRef;
}

/** How long a step may take that has no limit of its own, in ms; `Infinity`: no limit. */
export interface StepLimits {
  /** One that no caller waits for. */
  readonly step: number;
  /** A broadcast that was called while the worker was starting: as on those that were ready. */
  readonly request: number;
}

/** One step, for one worker. */
export interface StartupStep {
  readonly task: TaskRef;
  readonly args: readonly unknown[];
  /** For errors, as in `check` or `broadcast`. */
  readonly kind: string;
  /** How long it may take, in ms; `Infinity`: no limit. */
  readonly limit: number;
  /** Called when it has ended well. */
  done?(value: unknown): void;
  /**
   * Called with the error that the task has thrown. @returns whether the worker goes on with the next step
   */
  failed?(reason: unknown): boolean;
}

interface Progress {
  step: StartupStep;
  /** Number of the last broadcast that it has begun. */
  broadcast: number;
  hasBegunCheck: boolean;
  timer: Deadline | undefined;
}

/** Above the ids of all requests. */
const STEP_ID = 2 ** 30 + 1;

/** Called once for each worker; with `undefined` if it has passed. */
type Verdict = (worker: Worker, error: Error | undefined) => void;

export class Startup implements CompletionSink<Worker> {
  readonly isRecorded = false;
  readonly #broadcasts: Broadcasts;
  readonly #check: StartupCheck | undefined;
  readonly #limits: StepLimits;
  readonly #verdict: Verdict;
  readonly #running = new Map<number, Progress>();

  constructor(broadcasts: Broadcasts, check: StartupCheck | undefined, limits: StepLimits, verdict: Verdict) {
    this.#broadcasts = broadcasts;
    this.#check = check;
    this.#limits = limits;
    this.#verdict = verdict;
  }

  /** Whether a worker that comes up now has anything to run. */
  isNeededBy(worker: Worker): boolean {
    return this.#check !== undefined || this.#broadcasts.next(worker, 0) !== undefined;
  }

  /** Sends the first step to the worker, which reports completions here. The dispatcher must watch it. */
  begin(worker: Worker): void {
    worker.beginCheck(this);
    const progress = { broadcast: 0, hasBegunCheck: false, timer: undefined };
    this.#next(worker, progress as Partial<Progress> as Progress);
  }

  /** A step has been run. */
  completed(
    worker: Worker,
    _request: Request,
    _runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void {
    const progress = this.#running.get(worker.id);
    if (progress === undefined) return;
    progress.timer?.clear();
    if (message?.failure !== undefined) {
      this.#failed(worker, progress, decodeFailure(message.failure));
      return;
    }
    progress.step.done?.(message === undefined ? value : message.value);
    this.#next(worker, progress);
  }

  /** Steps have no queue time. */
  expired(): void {}

  /** The worker's thread has ended. */
  forget(worker: Worker): void {
    this.#running.get(worker.id)?.timer?.clear();
    this.#running.delete(worker.id);
  }

  /** Also takes broadcasts that have come meanwhile. */
  #next(worker: Worker, progress: Progress): void {
    const step = this.#stepFor(worker, progress);
    this.#running.set(worker.id, progress);
    if (step === undefined) {
      this.#end(worker, undefined);
      return;
    }
    progress.step = step;
    // No promise belongs to it, so `isSettled` is true from the beginning.
    const error = worker.stage(new Request(STEP_ID, step.task, step.args, undefined));
    worker.flush();
    if (step.limit !== Number.POSITIVE_INFINITY) {
      const late = `the ${step.kind} '${step.task.name}' did not end within ${step.limit} ms`;
      const timer = new Deadline(() => {
        worker.readCompletions(Number.POSITIVE_INFINITY, performance.now());
        // It has ended, and this thread was too busy to see that, if the next one has begun.
        if (progress.timer === timer) this.#end(worker, new Error(late));
      }, step.limit);
      progress.timer = timer;
    }
    if (error === undefined) return;
    progress.timer?.clear();
    this.#failed(worker, progress, error);
  }

  #failed(worker: Worker, progress: Progress, cause: unknown): void {
    const { step } = progress;
    if (step.failed?.(cause)) {
      this.#next(worker, progress);
      return;
    }
    this.#end(
      worker,
      new Error(`the ${step.kind} '${step.task.name}' failed: ${messageOf(cause)}`, { cause }),
    );
  }

  #stepFor(worker: Worker, progress: Progress): StartupStep | undefined {
    const next = this.#broadcasts.next(worker, progress.broadcast);
    if (next !== undefined) {
      progress.broadcast = next.number;
      next.begins(worker);
      const { step, request } = this.#limits;
      const { task, args, limit = next.isOwedBy(worker) ? request : step } = next;
      const done = (value: unknown) => next.ran(worker, value);
      const failed = (reason: unknown) => next.failed(worker, reason);
      return { task, args, kind: 'broadcast', limit, done, failed };
    }
    if (this.#check === undefined || progress.hasBegunCheck) return undefined;
    progress.hasBegunCheck = true;
    return { task: this.#check.task, args: [], kind: 'check', limit: this.#limits.step };
  }

  #end(worker: Worker, error: Error | undefined): void {
    if (!this.#running.has(worker.id)) return;
    this.forget(worker);
    this.#verdict(worker, error);
  }
}
