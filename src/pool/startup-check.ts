/**
 * The `check` option: a task of the user's that a fresh thread must run without an error before it gets
 * requests. Without that option it is enough that the thread has come up and loaded its modules.
 */
import { decodeFailure } from '../errors/failure.js';
import type { ResultMessage } from '../protocol/messages.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { Request } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import type { CompletionSink } from '../worker/events.js';
import type { Worker } from '../worker/worker.js';

export interface StartupCheckSetup {
  readonly task: TaskRef;
  /** How long it may take, in ms; `Infinity`: no limit. */
  readonly limit: number;
}

/** Above the ids of all requests. */
const CHECK_ID = 2 ** 30 + 1;

/** Called once for each worker; with `undefined` if it has passed. */
type Verdict = (worker: Worker, error: Error | undefined) => void;

export class StartupCheck implements CompletionSink<Worker> {
  readonly #setup: StartupCheckSetup;
  readonly #verdict: Verdict;
  readonly #timers = new Map<number, NodeJS.Timeout | undefined>();

  constructor(setup: StartupCheckSetup, verdict: Verdict) {
    this.#setup = setup;
    this.#verdict = verdict;
  }

  /** Sends the check to the worker, which reports its completion here. The dispatcher must watch it. */
  begin(worker: Worker): void {
    const { task, limit } = this.#setup;
    worker.beginCheck(this);
    // No promise belongs to it, so `isSettled` is true from the beginning.
    const error = worker.stage(new Request(CHECK_ID, task, undefined, undefined));
    worker.flush();
    let timer: NodeJS.Timeout | undefined;
    if (limit !== Number.POSITIVE_INFINITY) {
      timer = setTimeout(
        () => this.#end(worker, new Error(`the check '${task.name}' did not end within ${limit} ms`)),
        limit,
      );
      timer.unref();
    }
    this.#timers.set(worker.id, timer);
    if (error !== undefined) this.#end(worker, error);
  }

  /** The check has been run. */
  completed(
    worker: Worker,
    _request: Request,
    _runTime: number,
    _value: unknown,
    message: ResultMessage | undefined,
  ): void {
    if (message?.failure === undefined) {
      this.#end(worker, undefined);
      return;
    }
    const cause = decodeFailure(message.failure);
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#end(worker, new Error(`the check '${this.#setup.task.name}' failed: ${why}`, { cause }));
  }

  /** The worker's thread has ended. */
  forget(worker: Worker): void {
    clearTimeout(this.#timers.get(worker.id));
    this.#timers.delete(worker.id);
  }

  #end(worker: Worker, error: Error | undefined): void {
    if (!this.#timers.has(worker.id)) return;
    this.forget(worker);
    this.#verdict(worker, error);
  }
}
