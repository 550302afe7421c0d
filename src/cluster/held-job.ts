/** A job that this machine runs: whether it still holds it, so that its result counts. */
import type { Job, Queue } from 'bullmq';
import { performance } from '../protocol/clock.js';
import type { ChunkRun } from './chunk-run.js';
import { delay } from './engine/within.js';
import type { JobReport } from './job-report.js';
import { isTransient } from './transient.js';

/** A job without a lock is given to some machine within so many times its duration … */
const WAIT_LOCKS = 2;
/** … and this time, in ms: for 5 s after an error of the engine BullMQ does not look for such jobs. */
const WAIT_MS = 6_000;
/** Looks in the duration of a lock. */
const LOOKS_PER_LOCK = 8;

/** Whose machine it is. */
export interface Holder {
  readonly machine: string;
  readonly lockDuration: number;
  queue(name: string): Queue;
}

export class HeldJob {
  readonly controller: AbortController;
  readonly #holder: Holder;
  /** Its lock may belong to another machine. */
  isSuspect = false;
  chunk: ChunkRun | undefined;
  /** It was stopped after a thread had begun it. */
  hasBegun = false;
  /** As the engine has given it last. */
  #job: Job;
  #token: string | undefined;
  #waiting: ((outcome: JobReport['outcome']) => void)[] | undefined;

  constructor(holder: Holder, controller: AbortController, job: Job, token: string | undefined) {
    this.#holder = holder;
    this.controller = controller;
    this.#job = job;
    this.#token = token;
  }

  /**
   * The engine has taken the job for lost, for example since it could not renew its lock, and this machine has
   * it again: the run that is under way is the job's, and there is no second one.
   * @returns what becomes of it
   */
  takeAgain(job: Job, token: string | undefined): Promise<JobReport['outcome']> {
    this.#job = job;
    this.#token = token;
    this.isSuspect = true;
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  /** Stops its run. */
  abort(reason: Error): void {
    this.controller.abort(reason);
    this.chunk?.stop();
  }

  ended(outcome: JobReport['outcome']): void {
    for (const resolve of this.#waiting ?? []) resolve(outcome);
  }

  /**
   * Whether a result of a suspect counts: no other machine has the job, or will. Waits for an engine that refuses to tell,
   * and for a job without a lock until it is to be given to a machine.
   */
  async mayReply(): Promise<boolean> {
    const { lockDuration } = this.#holder;
    let began = performance.now();
    while (performance.now() - began < WAIT_LOCKS * lockDuration + WAIT_MS) {
      try {
        const isOurs = await this.#isOurs();
        if (isOurs !== undefined) return isOurs;
      } catch (error) {
        if (!isTransient(error)) throw error;
        began = performance.now();
      }
      if (this.controller.signal.aborted) return false;
      await delay(lockDuration / LOOKS_PER_LOCK);
    }
    return false;
  }

  /** @returns `undefined` where that is open */
  async #isOurs(): Promise<boolean | undefined> {
    if (await this.#extend()) return true;
    const id = String(this.#job.id);
    const queue = this.#holder.queue(this.#job.queueName);
    const job = await queue.getJob(id);
    // The engine has lost it.
    if (job === undefined) return true;
    const state = await job.getState();
    if (state === 'active') return job.processedBy === this.#holder.machine ? undefined : false;
    // It is to run again, which its result makes superfluous.
    return (await queue.remove(id)) === 1 ? true : undefined;
  }

  async #extend(): Promise<boolean> {
    try {
      return (await this.#job.extendLock(this.#token ?? '', this.#holder.lockDuration)) === 1;
    } catch (error) {
      if (isTransient(error)) throw error;
      // Some backends throw where the lock is another's.
      return false;
    }
  }
}
