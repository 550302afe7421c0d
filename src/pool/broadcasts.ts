/**
 * Tasks that run once on every worker: on those that are there, and on each that comes later before it gets
 * requests. So all of them have the same configuration, or the same warm caches.
 *
 * A broadcast is kept for later workers until another one replaces it: of the same name, or of the same task
 * where neither has a name. One that has failed on every worker is not kept, and what it has replaced is kept
 * instead: otherwise no thread could be started any more.
 */
import { NoWorkerError } from '../errors/errors.js';
import type { TaskRef } from '../tasks/registry.js';
import type { Worker } from '../worker/worker.js';
import type { Members } from './members.js';
import type { Reserves } from './reserves.js';

/** What became of a broadcast on one worker. */
export type BroadcastOutcome<R> = {
  /** Id of the worker. */
  readonly worker: number;
  /** See `context.worker.slot`. */
  readonly slot: number;
} & (
  | { readonly status: 'fulfilled'; readonly value: R }
  | { readonly status: 'rejected'; readonly reason: unknown }
);

export interface BroadcastCall {
  readonly task: TaskRef;
  readonly args: readonly unknown[];
  readonly name: string | undefined;
  /** Whether workers that come later run it, too. */
  readonly isKept: boolean;
  /** How long a run may take, in ms; `undefined`: the limits of requests, and of start-up steps. */
  readonly limit: number | undefined;
}

/**
 * Runs the task on a worker that gets requests. Resolves with the value, rejects with the error, or with
 * `LEFT`.
 */
export type SendBroadcast = (worker: Worker, call: BroadcastCall) => Promise<unknown>;

/** Rejection: the worker was gone before the task had started. */
export const LEFT = new Error('the worker has left');

export class Broadcasts {
  readonly #members: Members;
  readonly #reserves: Reserves;
  readonly #send: SendBroadcast;
  /** In the order of the calls. */
  #list: Broadcast[] = [];
  #lastNumber = 0;

  constructor(members: Members, reserves: Reserves, send: SendBroadcast) {
    this.#members = members;
    this.#reserves = reserves;
    this.#send = send;
  }

  /**
   * Runs the task everywhere. Resolves when it is over on all workers that there are now. One that leaves
   * before it has run it has no outcome.
   */
  async run(call: BroadcastCall): Promise<BroadcastOutcome<unknown>[]> {
    const broadcast = new Broadcast(++this.#lastNumber, call);
    const replaced = this.#list.filter((other) => other.isKept && other.isReplacedBy(call));
    for (const other of replaced) other.isKept = false;
    this.#list.push(broadcast);
    this.#reserves.dissolve();
    for (const { worker, state } of this.#members.all()) {
      if (state === 'starting') broadcast.owe(worker);
      else if (worker.state === 'ready' || (worker.state === 'draining' && worker.sessions > 0))
        void broadcast.take(worker, this.#send(worker, call));
    }
    const outcomes = await broadcast.over();
    if (broadcast.hasFailed && broadcast.isKept) {
      broadcast.isKept = false;
      for (const other of replaced) other.isKept = true;
    }
    broadcast.isOver = true;
    const isOpen = this.#list.some((each) => !each.isOver);
    // What has been replaced stays until the fate of its successor is known.
    this.#list = this.#list.filter((each) => each.isKept || !each.isOver || isOpen);
    return outcomes;
  }

  /** The first one after that number which a fresh worker must run. O(broadcasts). */
  next(worker: Worker, after: number): Broadcast | undefined {
    return this.#list.find((each) => each.number > after && (each.isKept || each.isOwedBy(worker)));
  }

  /** A worker's thread has ended before it got requests. @param error why, unless that was wanted */
  startEnded(worker: Worker, error: Error | undefined): void {
    for (const broadcast of [...this.#list]) broadcast.notRun(worker, error);
  }
}

export class Broadcast {
  /** Counted from 1. */
  readonly number: number;
  readonly task: TaskRef;
  readonly args: readonly unknown[];
  readonly limit: number | undefined;
  isKept: boolean;
  /** All workers that were there at the call have run it. */
  isOver = false;
  readonly #name: string | undefined;
  /** Workers that were starting when it was called, and have not run it. */
  readonly #owed = new Set<number>();
  /** Those of them that have begun to run it. */
  readonly #begun = new Set<number>();
  readonly #outcomes: BroadcastOutcome<unknown>[] = [];
  #running = 0;
  #hasSucceeded = false;
  #failedRuns = 0;
  #resolve: ((outcomes: BroadcastOutcome<unknown>[]) => void) | undefined;

  constructor(number: number, call: BroadcastCall) {
    this.number = number;
    this.task = call.task;
    this.args = call.args;
    this.limit = call.limit;
    this.isKept = call.isKept;
    this.#name = call.name;
  }

  /** Whether it has failed wherever it has run. Threads that could not be started do not count. */
  get hasFailed(): boolean {
    return !this.#hasSucceeded && this.#failedRuns > 0;
  }

  isReplacedBy({ name, task }: BroadcastCall): boolean {
    return name === this.#name && (name !== undefined || isSame(task, this.task));
  }

  isOwedBy(worker: Worker): boolean {
    return this.#owed.has(worker.id);
  }

  /** The worker is starting, and will run it. */
  owe(worker: Worker): void {
    this.#owed.add(worker.id);
  }

  /** The worker runs it now. */
  async take(worker: Worker, running: Promise<unknown>): Promise<void> {
    this.#running++;
    try {
      const value = await running;
      this.#hasSucceeded = true;
      this.#note(worker, { status: 'fulfilled', value });
    } catch (reason) {
      if (reason !== LEFT) this.#noteFailed(worker, reason);
    }
    this.#running--;
    this.#endIfOver();
  }

  /** A fresh worker begins to run it. */
  begins(worker: Worker): void {
    if (this.#owed.has(worker.id)) this.#begun.add(worker.id);
  }

  /** A fresh worker has run it. */
  ran(worker: Worker, value: unknown): void {
    this.#hasSucceeded = true;
    if (!this.#owed.delete(worker.id)) return;
    this.#note(worker, { status: 'fulfilled', value });
    this.#endIfOver();
  }

  /**
   * A fresh worker has run it, and it has thrown.
   * @returns whether the worker may get requests all the same: it was there at the call, as those that had
   *   been ready, and the caller learns of the failure
   */
  failed(worker: Worker, reason: unknown): boolean {
    if (!this.#owed.delete(worker.id)) return false;
    this.#noteFailed(worker, reason);
    this.#endIfOver();
    return true;
  }

  /**
   * A starting worker has ended before it had run it to its end. @param reason why, unless that was wanted
   */
  notRun(worker: Worker, reason: Error | undefined): void {
    if (!this.#owed.delete(worker.id)) return;
    // It has killed the thread, or has taken too long.
    if (reason !== undefined && this.#begun.has(worker.id)) this.#failedRuns++;
    if (reason !== undefined) this.#note(worker, { status: 'rejected', reason });
    this.#endIfOver();
  }

  /** Resolves when all workers that were there at the call have run it. */
  over(): Promise<BroadcastOutcome<unknown>[]> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#endIfOver();
    });
  }

  #noteFailed(worker: Worker, reason: unknown): void {
    if (!(reason instanceof NoWorkerError)) this.#failedRuns++;
    this.#note(worker, { status: 'rejected', reason });
  }

  #note({ id, slot }: Worker, outcome: PromiseSettledResult<unknown>): void {
    this.#outcomes.push({ worker: id, slot, ...outcome });
  }

  #endIfOver(): void {
    if (this.#running > 0 || this.#owed.size > 0) return;
    this.#resolve?.(this.#outcomes.sort((a, b) => a.worker - b.worker));
  }
}

/** The same function: the registry may have forgotten it in the meantime. */
function isSame({ definition: a }: TaskRef, { definition: b }: TaskRef): boolean {
  if (a.kind === 'inline') return b.kind === 'inline' && a.source === b.source && a.name === b.name;
  return b.kind === 'module' && a.url === b.url && a.base === b.base && a.path.join() === b.path.join();
}
