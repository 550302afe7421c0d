/**
 * The check that a fresh thread must pass before it gets requests. That it has come up and loaded its modules is one already; the
 * `check` option adds a task of the user's, which must end without an error. Nobody is taken for healthy before.
 */
import { decodeFailure } from '../errors/failure.js';
import type { ResultMessage } from '../protocol/messages.js';
import { Request } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import type { Worker } from '../worker/worker.js';

export interface StartupCheckSetup {
  readonly task: TaskRef;
  /** How long it may take, in ms; `Infinity`: for ever. */
  readonly limit: number;
}

/** Above the ids of all other requests. */
const CHECK_ID = 2 ** 30 + 1;

/** Called once for each worker, with `undefined` when it has passed. */
type Verdict = (worker: Worker, error: Error | undefined) => void;

export class StartupCheck {
  readonly #setup: StartupCheckSetup;
  readonly #verdict: Verdict;
  readonly #timers = new Map<number, NodeJS.Timeout | undefined>();

  constructor(setup: StartupCheckSetup, verdict: Verdict) {
    this.#setup = setup;
    this.#verdict = verdict;
  }

  /** Gives the worker its check. Its state must be `checking`, and somebody must drain it. */
  begin(worker: Worker): void {
    const { task, limit } = this.#setup;
    // Nobody awaits it: without a promise of its own it counts as settled wherever else it is met.
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

  /** The check has ended. */
  completed(worker: Worker, message: ResultMessage | undefined): void {
    if (message?.failure === undefined) {
      this.#end(worker, undefined);
      return;
    }
    const cause = decodeFailure(message.failure);
    const why = cause instanceof Error ? cause.message : String(cause);
    this.#end(worker, new Error(`the check '${this.#setup.task.name}' failed: ${why}`, { cause }));
  }

  /** The worker is no more. */
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
