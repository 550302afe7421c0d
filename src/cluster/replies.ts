/** Replies on their way to submitters: those of one turn to the same submitter go together. */
import { performance } from '../protocol/clock.js';
import type { Engine, OnEngineError } from './engine/engine.js';
import { delay } from './engine/within.js';
import type { Reply } from './messages.js';
import { isTransient } from './transient.js';

const PAUSE_MS = 500;
/**
 * Time for which a job is known after its reply was refused once, in locks: the engine may have refused its
 * end, too, and gives it to a machine again when its lock has run out.
 */
const KNOWN_LOCKS = 4;
/** Attempts to send what the engine refuses for a reason that may not pass. */
const MOST_ATTEMPTS = 20;

interface Waiting {
  readonly text: string;
  /** The job that it ends, if it ends one. */
  readonly job: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Replies {
  readonly #engine: Engine;
  readonly #lockDuration: number;
  readonly #onError: OnEngineError;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #underWay = new Set<Promise<void>>();
  /** Jobs of which the last reply is not delivered, or was refused not long ago. */
  readonly #jobs = new Set<string>();
  /** Those of them whose replies are delivered, and until when they are known, in ms. */
  readonly #known: { readonly jobs: readonly string[]; readonly until: number }[] = [];
  /** Sendings that the engine has refused, and that are tried again. */
  #refused = 0;
  #isClosed = false;

  constructor(engine: Engine, lockDuration: number, onError: OnEngineError) {
    this.#engine = engine;
    this.#lockDuration = lockDuration;
    this.#onError = onError;
  }

  /**
   * Resolves when the engine has the reply before all that it is told from now on. Waits for an engine that
   * is out of reach, or has no memory left, until it is closed.
   * @param reply a text is sent as it is
   * @param job the job that it ends
   */
  send(to: string, reply: Reply | string, job?: string): Promise<void> {
    if (job !== undefined) this.#jobs.add(job);
    return new Promise((resolve, reject) => {
      const text = typeof reply === 'string' ? reply : JSON.stringify(reply);
      const entry = { text, job, resolve, reject };
      const together = this.#waiting.get(to);
      if (together !== undefined) {
        together.push(entry);
        return;
      }
      this.#waiting.set(to, [entry]);
      // After all microtasks of this turn.
      process.nextTick(() => this.#flush(to));
    });
  }

  /** Whether the job has ended here, although the engine still has it. */
  hasEnded(job: string): boolean {
    this.#forgetKnown();
    return this.#jobs.has(job);
  }

  /** Resolves when the engine has all of them, or has refused for long. */
  async sent(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  close(): void {
    this.#isClosed = true;
  }

  #flush(to: string): void {
    const batch = this.#waiting.get(to) ?? [];
    this.#waiting.delete(to);
    const sent = this.#deliver(
      to,
      batch.map(({ text }) => text),
    ).then(
      (wasRefused) => this.#over(batch, wasRefused),
      (error) => {
        this.#over(batch, false);
        throw error;
      },
    );
    if (this.#engine.sendsInOrder && this.#refused === 0) {
      // The job is let go of by the next command: one way to the engine and back for both. (Not while replies
      // are refused: a machine that went on would have ever more of them.)
      for (const { resolve } of batch) resolve();
      const done: Promise<void> = sent.catch(this.#onError).then(() => void this.#underWay.delete(done));
      this.#underWay.add(done);
      return;
    }
    sent.then(
      () => {
        for (const { resolve } of batch) resolve();
      },
      (error) => {
        for (const { reject } of batch) reject(error);
      },
    );
  }

  #over(batch: readonly Waiting[], wasRefused: boolean): void {
    this.#forgetKnown();
    if (!wasRefused) {
      for (const { job } of batch) if (job !== undefined) this.#jobs.delete(job);
      return;
    }
    const jobs = batch.flatMap(({ job }) => job ?? []);
    this.#known.push({ jobs, until: performance.now() + KNOWN_LOCKS * this.#lockDuration });
  }

  #forgetKnown(): void {
    const now = performance.now();
    while (this.#known[0] !== undefined && this.#known[0].until <= now) {
      for (const job of this.#known.shift()?.jobs ?? []) this.#jobs.delete(job);
    }
  }

  /** @returns whether the engine has refused it first */
  async #deliver(to: string, texts: readonly string[]): Promise<boolean> {
    let isRefused = false;
    try {
      for (let attempts = 1; ; attempts++) {
        try {
          await this.#engine.send(to, texts);
          return isRefused;
        } catch (error) {
          const isOver = this.#engine.sendsInOrder ? attempts >= MOST_ATTEMPTS : true;
          if (this.#isClosed || (isOver && !isTransient(error))) throw error;
          if (!isRefused) this.#refused++;
          isRefused = true;
          this.#onError(error as Error);
          await delay(PAUSE_MS);
        }
      }
    } finally {
      if (isRefused) this.#refused--;
    }
  }
}
