/**
 * One supervised thread. The only file that knows Piscina: it starts the thread, loads the entry file, applies limits,
 * nice and environment, and ends it. Its queue and its balancer are not used.
 */

import { existsSync } from 'node:fs';
import { clearTimeout, setTimeout } from 'node:timers';
import type { Worker as NodeWorker, ResourceLimits, Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { WorkerInit } from './protocol.js';

/** What a thread is started with; as in Node's `new Worker`. */
export interface ThreadOptions {
  readonly resourceLimits?: ResourceLimits;
  readonly env?: NodeJS.ProcessEnv;
  readonly argv?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly niceIncrement?: number;
  /** URL of the entry file, when it is not beside this one (bundled programs). */
  readonly entry?: URL;
}

/** How a thread ended. */
export interface ThreadDeath {
  /** Exit code; `undefined` when the thread never came up. */
  readonly exitCode: number | undefined;
  /** The uncaught error, where there was one. */
  readonly cause: unknown;
}

/** In a program that is bundled whole there may be `main.js` alone; see `workers/entry.cts`. */
const ENTRY = ['../workers/entry.cjs', '../workers/main.js']
  .map((path) => new URL(path, import.meta.url))
  .find((url, i) => i === 1 || existsSync(url)) as URL;

/**
 * A thread in native code ends when that returns. It runs no line of JavaScript any more, so nobody waits for it for longer than this,
 * in ms.
 */
const MOST_ENDING_MS = 1_000;
/** Threads of this process that have been given up and have not ended, at most: each takes its memory and, may be, a core. */
const MOST_GIVEN_UP = 16;
let givenUp = 0;

export class Thread {
  readonly #piscina: Piscina;
  #cause: unknown;
  #ended = false;
  #isGivenUp = false;
  #patience: NodeJS.Timeout | undefined;
  readonly #onDeath: (death: ThreadDeath) => void;

  /** Starts a thread at once. `onDeath` is called exactly once, after the thread has stopped for whatever reason, or has been given up. */
  constructor(
    init: WorkerInit,
    transfer: readonly Transferable[],
    options: ThreadOptions,
    onDeath: (death: ThreadDeath) => void,
  ) {
    this.#onDeath = onDeath;
    // minThreads 0: Piscina would otherwise start a new thread for each that dies, at once and for ever.
    this.#piscina = new Piscina({
      filename: (options.entry ?? ENTRY).href,
      name: 'install',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: options.resourceLimits as Record<string, number> | undefined,
      env: options.env as Record<string, string> | undefined,
      argv: options.argv as string[] | undefined,
      execArgv: options.execArgv as string[] | undefined,
      niceIncrement: options.niceIncrement ?? 0,
    });
    this.#piscina.on('error', (error: unknown) => {
      this.#cause ??= error;
    });
    this.#run(init, transfer).catch((error: unknown) => {
      // A failed start is told by this promise alone. The thread may still live then, and must not.
      this.#cause ??= error;
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

  /** Ends the thread at once, whatever it is doing. `onDeath` follows, with that cause if there is no earlier one. */
  async terminate(cause?: Error): Promise<void> {
    this.#cause ??= cause;
    // Where no thread could be made, Piscina still holds our call in its queue and would reject a promise that nobody has.
    if (this.#piscina.threads.length === 0) return;
    if (!this.#ended) this.#patience ??= setTimeout(() => this.#giveUp(), MOST_ENDING_MS).unref();
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
    clearTimeout(this.#patience);
    this.#end(exitCode);
  }

  #end(exitCode: number | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onDeath({ exitCode, cause: this.#cause });
    if (!this.#isGivenUp) void this.terminate();
  }
}
