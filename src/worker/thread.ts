/**
 * One supervised thread. With `piscina.ts` the only file that knows Piscina, which starts the thread, loads
 * the entry file, applies limits, nice and environment, and ends it. Piscina's queue and balancer are not
 * used.
 */

import type { Worker as NodeWorker, Transferable } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { ThreadSettings } from '../options/thread.js';
import { withCleanPrototype } from '../protocol/clean-prototype.js';
import { Deadline } from '../protocol/deadline.js';
import type { WorkerInit } from '../protocol/messages.js';
import { queueMicrotask } from '../protocol/timers.js';
import { piscinaBeside } from './piscina.js';
import { withThreadCode } from './thread-code.js';
import { withThreadName } from './thread-name.js';

/** How a thread ended. */
export interface ThreadDeath {
  /** Exit code; `undefined` when the thread never came up. */
  readonly exitCode: number | undefined;
  /** The uncaught error, where there was one. */
  readonly cause: unknown;
}

/**
 * How long to wait for the end of a thread, in ms. One that is in native code ends only when that returns; it
 * runs no line of JavaScript any more, so it is given up.
 */
const MOST_ENDING_MS = 1_000;
/**
 * Most threads of this process that are given up and have not ended: each takes memory and perhaps a core.
 */
const MOST_GIVEN_UP = 16;
let givenUp = 0;

export class Thread {
  readonly #piscina: Piscina;
  #cause: unknown;
  #isTerminated = false;
  #ended = false;
  #isGivenUp = false;
  #patience: Deadline | undefined;
  /**
   * Called exactly once, in a later turn, after the thread has ended or has been given up, with its exit code.
   * To be set in the turn in which the thread is started.
   */
  onDeath: (exitCode: ThreadDeath['exitCode']) => void = () => {};

  /**
   * Starts a thread at once.
   * @param isFirst no thread was in its place before
   */
  constructor(
    init: WorkerInit,
    transfer: readonly Transferable[],
    options: ThreadSettings,
    isFirst: boolean,
  ) {
    // minThreads 0: Piscina would otherwise start a new thread for each that dies, at once and for ever.
    const Piscina = piscinaBeside(options.home, (options.niceIncrement ?? 0) !== 0);
    const settings = {
      filename: options.entry.href,
      name: 'install',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled' as const,
      recordTiming: false,
      resourceLimits: options.resourceLimits as Record<string, number> | undefined,
      env: options.env as Record<string, string> | undefined,
      workerData: options.workerData,
      argv: options.argv as string[] | undefined,
      execArgv: options.execArgv as string[] | undefined,
      niceIncrement: options.niceIncrement ?? 0,
    };
    this.#piscina = withCleanPrototype(() => new Piscina(settings));
    this.#piscina.on('error', (error: unknown) => {
      this.#cause ??= error;
    });
    const start = (): Promise<void> =>
      withThreadCode(options.entry.href, isFirst, () =>
        withThreadName(init.name, () => this.#run(init, transfer)),
      );
    withCleanPrototype(start).catch((error: unknown) => {
      // Only this promise tells of a failed start. The thread may still live then, and must not.
      if (!this.#isTerminated) this.#cause ??= error;
      void this.terminate();
    });
    const [thread] = this.#piscina.threads as NodeWorker[];
    if (thread === undefined) queueMicrotask(() => this.#end(undefined));
    else {
      thread.once('error', (error) => {
        this.#cause ??= error;
      });
      thread.once('exit', (exitCode) => this.#exited(exitCode));
    }
  }

  /** Async, since a bad option makes `run` throw as well as reject. */
  async #run(init: WorkerInit, transfer: readonly Transferable[]): Promise<void> {
    await this.#piscina.run(init, { transferList: transfer as never });
  }

  /**
   * Why it ends, or has ended. A message that says so may arrive after the end: it is to be read before.
   */
  get cause(): unknown {
    return this.#cause;
  }

  /** It will end, and for that reason unless there is an earlier one. */
  blame(cause: unknown): void {
    this.#cause ??= cause;
  }

  /** Ends the thread at once. `onDeath` follows, with that cause unless there is an earlier one. */
  async terminate(cause?: Error): Promise<void> {
    this.#cause ??= cause;
    this.#isTerminated = true;
    // If no thread could be made, Piscina still has our call in its queue and would reject a promise without
    // an owner.
    if (this.#piscina.threads.length === 0) return;
    if (!this.#ended) this.#patience ??= new Deadline(() => this.#giveUp(), MOST_ENDING_MS);
    await this.#piscina.destroy();
  }

  #giveUp(): void {
    if (this.#ended) return;
    if (givenUp >= MOST_GIVEN_UP) {
      this.#patience?.refresh();
      return;
    }
    givenUp++;
    this.#isGivenUp = true;
    this.#end(undefined);
  }

  #exited(exitCode: number): void {
    if (this.#isGivenUp) givenUp--;
    this.#patience?.clear();
    this.#end(exitCode);
  }

  #end(exitCode: number | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onDeath(exitCode);
    if (!this.#isGivenUp) void this.terminate();
  }
}
