/** The requests of a Cluster that are not settled: replies, losses, cancellation. */
import { performance } from '../protocol/clock.js';
import type { Engine, OnEngineError } from './engine/engine.js';
import { EngineError, MachineLostError } from './errors.js';
import { MailSync } from './mail-sync.js';
import { isId, type JobData, type Mail, parseMail } from './messages.js';
import type { ClusterRequest } from './request.js';
import { Sending } from './sending.js';
import { isTransient } from './transient.js';

/** Jobs looked for in one look, where nothing says that they are lost. */
const MOST_LOOKS = 200;
/** Longest time between two looks for a job, in ms. */
const MOST_LOOK_MS = 60_000;
/**
 * Time until a second look at a job that is gone without a reply: the engine may have refused the reply, so
 * that its machine sends it again.
 */
const SECOND_LOOK_MS = 2_000;

export class OpenRequests {
  readonly #engine: Engine;
  readonly #lookAfter: number;
  readonly #engineTimeout: number;
  readonly #onError: OnEngineError;
  readonly #onSettled: () => void;
  readonly #open = new Map<string, ClusterRequest>();
  readonly #sending: Sending;
  readonly #cancelling = new Set<Promise<void>>();
  readonly #sync: MailSync;
  /** When anything was last heard from the engine. */
  heardAt = performance.now();
  /** Counts since the start; those that were withdrawn are in the first one alone. */
  submitted = 0;
  completed = 0;
  failed = 0;

  /**
   * @param self the submitter's id
   * @param lookAfter time after which a job is first looked for, in ms
   * @param engineTimeout time after which a request is rejected that the engine does not take, or of which it does
   *   not tell what has become of it, in ms
   * @param onSettled called after each request
   */
  constructor(
    engine: Engine,
    self: string,
    lookAfter: number,
    engineTimeout: number,
    onError: OnEngineError,
    onSettled: () => void,
  ) {
    this.#engine = engine;
    this.#sync = new MailSync(engine, self);
    this.#lookAfter = lookAfter;
    this.#engineTimeout = engineTimeout;
    this.#onError = onError;
    this.#onSettled = onSettled;
    this.#sending = new Sending(engine, this.#sync, engineTimeout, onError, {
      sent: (request) => {
        this.heardAt = performance.now();
        this.#sent(request);
      },
      refused: (request, error) => this.reject(request, error),
    });
  }

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): IterableIterator<ClusterRequest> {
    return this.#open.values();
  }

  add(request: ClusterRequest): void {
    this.submitted++;
    this.#open.set(request.id, request);
    this.#sending.send(request);
  }

  /** The engine is there: from now on requests are sent. */
  start(): void {
    this.#sending.start();
  }

  /** Settles a request with an error, if it is not settled; its job is cancelled. */
  reject(request: ClusterRequest, error: unknown): void {
    if (!this.#take(request)) return;
    this.#cancel(request);
    this.failed++;
    request.outlet.failed(error);
    this.#onSettled();
  }

  /** Nobody waits for it any more. */
  withdraw(request: ClusterRequest): void {
    if (!this.#take(request)) return;
    this.#cancel(request);
    this.#onSettled();
  }

  rejectAll(makeError: (request: ClusterRequest) => unknown): void {
    for (const request of [...this.#open.values()]) this.reject(request, makeError(request));
  }

  /** Rejects those that no machine has taken. */
  async rejectQueued(makeError: () => unknown): Promise<void> {
    await Promise.all(
      [...this.#open.values()].map(async (request) => {
        const isOut = await this.unqueue(request).catch(() => true);
        if (isOut) this.reject(request, makeError());
      }),
    );
  }

  /** A message has come into the mailbox. */
  readonly onMail = (text: string): void => {
    this.heardAt = performance.now();
    let mail: Mail;
    try {
      mail = parseMail(text);
    } catch (error) {
      this.#onError(error as Error);
      return;
    }
    if (mail.t === 'cancel') return;
    if (mail.t === 'sync') {
      this.#sync.arrived(mail.id);
      return;
    }
    const request = this.#open.get(mail.id);
    // Of a second run, after the first one counted as lost.
    if (request === undefined) return;
    if (mail.t === 'chunk' && !mail.done) {
      request.lookAt = this.heardAt + this.#lookAfter;
      request.outlet.replied(mail);
      return;
    }
    this.#take(request);
    request.isReplied = true;
    if (mail.t === 'value' || mail.t === 'chunk') this.completed++;
    else this.failed++;
    request.outlet.replied(mail);
    this.#onSettled();
  };

  /**
   * Looks for jobs that have not been heard of for long.
   * @param all the engine has lost data: all are looked for
   */
  async look(all: boolean): Promise<void> {
    const now = performance.now();
    const due: ClusterRequest[] = [];
    for (const request of this.#open.values()) {
      if (!request.isSent || !(all || request.lookAt <= now)) continue;
      due.push(request);
      if (!all && due.length >= MOST_LOOKS) break;
    }
    if (due.length === 0) return;
    const gone: { request: ClusterRequest; state: string }[] = [];
    for (let i = 0; i < due.length; i += MOST_LOOKS) {
      const part = due.slice(i, i + MOST_LOOKS);
      const states = await Promise.all(part.map((request) => this.#stateOf(request)));
      for (const [j, state] of states.entries()) {
        const request = part[j] as ClusterRequest;
        request.lookAt = now + Math.min(MOST_LOOK_MS, Math.max(this.#lookAfter, now - request.began));
        if (state === 'unknown' || state === 'completed' || state === 'failed') gone.push({ request, state });
        else if (state !== undefined) request.isMissed = false;
      }
    }
    // A machine replies before it lets go of the job. So its reply is in the mailbox, or there is none.
    if (gone.length === 0 || !(await this.#sync.done())) return;
    for (const { request, state } of gone) {
      if (request.isSettled || !request.isSent) continue;
      if (all || request.isMissed) await this.#gone(request, state).catch(this.#refused(request));
      else {
        request.isMissed = true;
        request.lookAt = now + SECOND_LOOK_MS;
      }
    }
  }

  /** `undefined`: the engine does not tell. */
  async #stateOf(request: ClusterRequest): Promise<string | undefined> {
    try {
      const state = await this.#engine.queue(request.queue).getJobState(request.id);
      request.refusedSince = undefined;
      if (state === 'active') await this.#engine.expireLock(request.queue, request.id);
      return state;
    } catch (error) {
      this.#refused(request)(error);
      return undefined;
    }
  }

  /** What concerns one job must not keep others from being looked for. What passes concerns all. */
  #refused(request: ClusterRequest): (error: unknown) => void {
    return (cause) => {
      if (isTransient(cause)) throw cause;
      const now = performance.now();
      request.refusedSince ??= now;
      if (now - request.refusedSince < this.#engineTimeout) return this.#onError(cause as Error);
      const what = `the engine does not tell what has become of the job of task '${request.task.name}'`;
      this.reject(request, new EngineError(`${what}: ${(cause as Error).message}`, { cause }));
    };
  }

  /** Takes a job that has not begun out of its queue. @returns whether it is in none */
  async unqueue(request: ClusterRequest): Promise<boolean> {
    if (!request.isSent && !request.isUnsure) return true;
    const queue = this.#engine.queue(request.queue);
    const state = await queue.getJobState(request.id);
    if (state === 'unknown' && !request.isSent) return true;
    if (state !== 'waiting' && state !== 'prioritized' && state !== 'delayed') return false;
    return (await queue.remove(request.id)) === 1;
  }

  /** Resolves when the engine knows of all cancellations. */
  async cancelled(): Promise<void> {
    await Promise.all(this.#cancelling);
  }

  #take(request: ClusterRequest): boolean {
    if (!request.settle()) return false;
    this.#open.delete(request.id);
    return true;
  }

  #sent(request: ClusterRequest): void {
    request.isSent = true;
    request.isUnsure = false;
    request.refusedSince = undefined;
    request.lookAt = performance.now() + this.#lookAfter;
    // While it was being sent. (A reply may overtake the answer of the engine, which goes by another connection.)
    if (request.isSettled && !request.isReplied) this.#cancel(request);
  }

  async #gone(request: ClusterRequest, state: string): Promise<void> {
    if (state !== 'unknown') {
      const job = await this.#engine.queue(request.queue).getJob(request.id);
      const why =
        state === 'failed' ? `has failed: ${job?.failedReason}` : 'was completed by another program';
      this.reject(request, new EngineError(`the job of task '${request.task.name}' ${why}`));
      return;
    }
    const { isHeld, stranger } = await this.#engine.clear(request.queue, request.id);
    if (stranger !== undefined) this.#onError(stranger);
    // By a machine, so that it runs.
    if (isHeld) {
      request.isMissed = false;
      return;
    }
    request.losses++;
    if (request.losses > request.retries) {
      const options = stranger && { cause: stranger };
      this.reject(request, new MachineLostError(request.task.name, request.losses, 'engine', options));
      return;
    }
    request.isSent = false;
    request.isMissed = false;
    request.data = { ...request.data, losses: request.losses };
    this.#sending.send(request);
  }

  #cancel(request: ClusterRequest): void {
    if (!request.isSent && !request.isUnsure) return;
    const done = this.#cancelJob(request)
      .catch(this.#onError)
      .then(() => void this.#cancelling.delete(done));
    this.#cancelling.add(done);
  }

  /** Takes the job out of its queue, or tells the machine that runs it, and those that would if it were lost. */
  async #cancelJob(request: ClusterRequest): Promise<void> {
    if (await this.unqueue(request)) return;
    const queue = this.#engine.queue(request.queue);
    const job = await queue.getJob(request.id);
    if (job === undefined) return;
    try {
      await job.updateData({ ...request.data, cancelled: true } satisfies JobData);
    } catch (error) {
      // It is done.
      if ((await queue.getJob(request.id)) === undefined) return;
      throw error;
    }
    const machine = job.processedBy;
    if (machine === undefined || !isId(machine)) return;
    await this.#engine.send(machine, [JSON.stringify({ t: 'cancel', id: request.id } satisfies Mail)]);
  }
}
