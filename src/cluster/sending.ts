/** Requests on their way to the engine: those of one turn of the event loop go together, as jobs. */
import { performance } from '../protocol/clock.js';
import { setImmediate } from '../protocol/timers.js';
import type { Engine, OnEngineError } from './engine/engine.js';
import { delay } from './engine/within.js';
import { EngineError } from './errors.js';
import type { MailSync } from './mail-sync.js';
import type { ClusterRequest } from './request.js';
import { isTransient } from './transient.js';

/** Jobs added in one go. */
const MOST_AT_ONCE = 500;
/** Between attempts to send, in ms. */
const PAUSE_MS = 500;

export interface SendingEvents {
  /** The engine has its job. */
  sent(request: ClusterRequest): void;
  /** The engine does not take its job. */
  refused(request: ClusterRequest, error: EngineError): void;
}

export class Sending {
  readonly #engine: Engine;
  readonly #sync: MailSync;
  readonly #engineTimeout: number;
  readonly #onError: OnEngineError;
  readonly #events: SendingEvents;
  #unsent: ClusterRequest[] = [];
  #isFlushing = false;
  #isStarted = false;

  /** @param engineTimeout time after which a request is refused that the engine does not take, in ms */
  constructor(
    engine: Engine,
    sync: MailSync,
    engineTimeout: number,
    onError: OnEngineError,
    events: SendingEvents,
  ) {
    this.#engine = engine;
    this.#sync = sync;
    this.#engineTimeout = engineTimeout;
    this.#onError = onError;
    this.#events = events;
  }

  /** The engine is there: from now on requests are sent. */
  start(): void {
    this.#isStarted = true;
    this.#isFlushing = true;
    void this.#flush();
  }

  send(request: ClusterRequest): void {
    this.#unsent.push(request);
    if (this.#isFlushing || !this.#isStarted) return;
    this.#isFlushing = true;
    // What is submitted in one turn goes together.
    setImmediate(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#unsent.length > 0) {
      const waiting = this.#unsent.filter((request) => !request.isSettled);
      this.#unsent = waiting.slice(MOST_AT_ONCE);
      const byQueue = new Map<string, ClusterRequest[]>();
      for (const request of waiting.slice(0, MOST_AT_ONCE)) {
        const together = byQueue.get(request.queue);
        if (together === undefined) byQueue.set(request.queue, [request]);
        else together.push(request);
      }
      const failed = await Promise.all(
        [...byQueue].map(([queue, requests]) => this.#addAll(queue, requests)),
      );
      const again = failed.flat();
      if (again.length === 0) continue;
      this.#unsent = [...again, ...this.#unsent];
      await delay(PAUSE_MS);
    }
    this.#isFlushing = false;
  }

  /** @returns those to be sent again */
  async #addAll(queue: string, given: readonly ClusterRequest[]): Promise<readonly ClusterRequest[]> {
    let requests = given;
    try {
      if (given.some(({ isUnsure }) => isUnsure)) {
        const missing = await this.#missing(given);
        if (missing === undefined) return given;
        requests = missing;
      }
      if (requests.length === 0) return [];
      await this.#engine.add(
        queue,
        requests.map(({ id, task, data, options }) => ({
          id,
          name: task.name,
          data: JSON.stringify(data),
          options,
        })),
      );
    } catch (error) {
      this.#onError(error as Error);
      return this.#failed(requests, error as Error);
    }
    for (const request of requests) this.#events.sent(request);
    return [];
  }

  /** @returns those to be sent again */
  #failed(requests: readonly ClusterRequest[], error: Error): readonly ClusterRequest[] {
    const now = performance.now();
    const passes = isTransient(error);
    const again: ClusterRequest[] = [];
    for (const request of requests) {
      request.isUnsure = true;
      request.refusedSince ??= now;
      if (passes && now - request.refusedSince < this.#engineTimeout) again.push(request);
      else this.#events.refused(request, refusal(error));
    }
    return again;
  }

  /**
   * Those that the engine does not have, and has not had: what has run must not be added again. `undefined`: that
   * cannot be told yet, since the mailbox has not been read.
   */
  async #missing(requests: readonly ClusterRequest[]): Promise<readonly ClusterRequest[] | undefined> {
    const states = await Promise.all(
      requests.map(({ queue, id, isUnsure }) =>
        isUnsure ? this.#engine.queue(queue).getJobState(id) : 'unknown',
      ),
    );
    // A machine replies before it lets go of the job.
    if (!(await this.#sync.done())) return undefined;
    return requests.filter((request, i) => {
      if (states[i] !== 'unknown') this.#events.sent(request);
      return states[i] === 'unknown' && !request.isSettled;
    });
  }
}

function refusal(cause: Error): EngineError {
  return new EngineError(`the engine refuses the job: ${cause.message}`, { cause });
}
