/**
 * Pike's loop: a request came in, dispatch it; a worker has finished, note it. Both end in one pass: queue
 * → policy → worker. All requests submitted in one turn of the event loop are dispatched together.
 */

import type { Policy } from '../policies/policy.js';
import { performance } from '../protocol/clock.js';
import { Queue } from '../requests/queue.js';
import type { Request } from '../requests/request.js';
import { Settlement } from '../requests/settlement.js';
import type { TaskRef } from '../tasks/registry.js';
import type { RequestEvents } from '../worker/events.js';
import type { WindowLimits } from '../worker/setup.js';
import type { ThreadDeath } from '../worker/thread.js';
import type { Worker } from '../worker/worker.js';
import { Assignment } from './assignment.js';
import { CompletedRequests, type CompletionEvents } from './completed-requests.js';
import type { Counters } from './counters.js';
import { CrashRecovery } from './crash-recovery.js';
import { pendingIn } from './load.js';
import { type PassEvents, Passes, type PassSetup } from './passes.js';
import type { Poller } from './poller.js';
import { Selection } from './selection.js';
import { Suspects } from './suspects.js';

export interface DispatcherEvents extends PassEvents, CompletionEvents {}

export class Dispatcher implements RequestEvents<Worker> {
  readonly queue = new Queue();
  readonly counts: Counters = { completed: 0, failed: 0, reclaimed: 0, retried: 0, busyTime: 0, ejected: 0 };
  readonly completions: CompletedRequests;
  readonly #policy: Policy;
  readonly #limits: WindowLimits;
  readonly #workers: Worker[] = [];
  readonly #assignment: Assignment;
  readonly #settlement = new Settlement();
  readonly #passes: Passes;
  readonly #crashRecovery = new CrashRecovery(this.counts, (requests) => this.#assignment.requeue(requests));

  constructor(setup: PassSetup, events: DispatcherEvents) {
    const { policy, limits } = setup;
    this.#policy = policy;
    this.#limits = limits;
    this.completions = new CompletedRequests(policy, this.counts, this.#settlement, events);
    const workers = this.#workers;
    const suspects = new Suspects({
      queue: this.queue,
      isShort: setup.isShort,
      offerAgain: () => this.#passes.runSoon(),
    });
    const selection = new Selection(policy, limits.prefetch, workers, suspects);
    this.#assignment = new Assignment(this.queue, policy, workers, this.counts, selection, setup.cores);
    this.#passes = new Passes(setup, events, workers, this.queue, this.#assignment, this.#settlement);
  }

  get poller(): Poller {
    return this.#passes.poller;
  }

  /** A number that changes with each pass that a submit has scheduled. */
  get turns(): number {
    return this.#passes.turns;
  }

  get workers(): readonly Worker[] {
    return this.#workers;
  }

  /** Whether something was queued, pending or not settled at the last pass. */
  get busy(): boolean {
    return this.#passes.isBusy;
  }

  /** Whether any request that was accepted is not settled. O(w). */
  get hasUnsettled(): boolean {
    return this.queue.size > 0 || this.pending > 0 || this.#settlement.hasDeferred;
  }

  /**
   * Number of requests in the queue and in backlogs, thus in no window. O(1); O(w) while there are backlogs.
   */
  get waiting(): number {
    return this.#assignment.waiting;
  }

  /** Number of requests in windows and backlogs, start-up checks not included. O(w). */
  get pending(): number {
    return pendingIn(this.#workers);
  }

  /**
   * Number of requests that threads have started and that are not settled. O(w + completions not yet read).
   */
  get running(): number {
    let running = this.#settlement.unsettled;
    for (const { completions } of this.#workers) running += completions.unsettled;
    return running;
  }

  /** A request came in. O(1). */
  submit(request: Request): void {
    this.queue.push(request);
    this.#passes.submitted();
  }

  /** The policy's answer may have changed: offers it the waiting requests, in this turn. */
  offer(): void {
    this.#assignment.askAll();
    this.#passes.runSoon();
  }

  /**
   * Assigns requests as far as the policy allows, to all workers. O(n log w) for n requests that find room.
   */
  pass(): void {
    this.#assignment.spread();
    this.#passes.run();
  }

  /** `pass`, with the completions read that are there: also for workers that the main thread has not heard. */
  catchUp(): void {
    this.#assignment.spread();
    this.#passes.catchUp();
  }

  /** How many requests of a task the windows and a small reserve hold. O(1). */
  capacityFor(task: TaskRef): number {
    const { depth, prefetch } = this.#limits;
    const lasting = Math.ceil(prefetch.work / Math.max(task.mean, 1e-3));
    const each = task.runs === 0 ? 2 : Math.max(1, Math.min(depth, lasting));
    const workers = Math.max(1, this.#workers.length);
    // The reserve fills the windows again before the caller has taken the next results.
    return workers * (each + Math.ceil(each / 2) + 1);
  }

  /** Reads the worker's completions from now on; the policy does not select it yet. */
  watch(worker: Worker): void {
    this.#workers.push(worker);
    this.#passes.runSoon();
  }

  /** The policy may select the worker from now on. */
  add(worker: Worker): void {
    if (!this.#workers.includes(worker)) this.#workers.push(worker);
    this.#policy.add(worker.view);
    this.#assignment.changed();
    this.#assignment.spread();
    this.#passes.runSoon();
  }

  /**
   * The policy selects the worker no more, and its unstarted requests go back to the queue; those of sessions
   * only if it is ejected.
   */
  retire(worker: Worker): void {
    this.#policy.remove(worker.view);
    const why = worker.state === 'ejected' ? 'ejected' : 'leaving';
    this.#assignment.requeue(worker.reclaim(Number.POSITIVE_INFINITY, why));
    for (const request of worker.backlog.takeAll()) {
      if (request.extras?.session === undefined || why === 'ejected') this.#assignment.requeue([request]);
      else worker.backlog.push(request);
    }
    this.#passes.runSoon();
  }

  /**
   * Ends the thread that runs a request, unless the request has ended just now. Its unstarted requests run
   * elsewhere, except those whose transferred arguments are lost with the thread.
   */
  end(worker: Worker, request: Request): void {
    // With all of this taken back it cannot start anything else, so no other request is hit.
    const unstarted = worker.takeAll();
    if (!worker.isRunning(request)) {
      worker.putBack(unstarted);
      return;
    }
    // For the others it is the same as if it had ended the thread itself.
    request.task.kills++;
    this.#policy.remove(worker.view);
    // So that its sessions move.
    worker.eject();
    this.#crashRecovery.moveOn(unstarted, worker, 'its thread had to be ended');
    this.#assignment.requeue(worker.backlog.takeAll());
    worker.terminate();
    this.#passes.runSoon();
  }

  /** Reads all completions of a worker, before one of its requests is called late, for example. */
  collect(worker: Worker): void {
    this.#settlement.settleDeferred();
    if (!worker.completions.areThere) return;
    this.#assignment.changed();
    worker.readCompletions(Number.POSITIVE_INFINITY, performance.now());
    this.#assignment.refill(worker);
    this.#policy.update(worker.view);
    this.#passes.runSoon();
  }

  /** The worker responds again. */
  answered(worker: Worker): void {
    this.#assignment.changed();
    this.#policy.update(worker.view);
    this.#passes.runSoon();
  }

  /** A worker has published a completion. */
  woken(): void {
    this.poller.wake();
  }

  /**
   * The worker's thread has ended: first its results are read, then the rest of its requests is settled or
   * moved.
   */
  died(worker: Worker, death: ThreadDeath): void {
    worker.readLastCompletions(performance.now());
    this.counts.busyTime += worker.busyTime;
    worker.closeChannel();
    this.#remove(worker);
    this.#crashRecovery.settle(worker.takeRemains(death), worker, death);
    this.#assignment.requeue(worker.backlog.takeAll());
    // It may have died between taking the bell and sending the message.
    this.poller.lookSoon();
  }

  /**
   * Takes back a request that has not been started, wherever it is.
   * @returns false: it is running, or over
   */
  withdraw(request: Request): boolean {
    const worker = request.extras?.worker as Worker | undefined;
    if (worker === undefined) {
      this.queue.forget(request);
      // A caller may be waiting for room in the queue; and it may have been the last.
      this.#passes.runSoon();
      return true;
    }
    if (!worker.backlog.remove(request) && !worker.withdraw(request)) return false;
    this.#policy.update(worker.view);
    this.#passes.runSoon();
    return true;
  }

  /** Rejects all requests that are not completed. Running ones go on, and their results are dropped. */
  rejectAll(error: unknown): void {
    for (const worker of this.#workers) {
      this.collect(worker);
      // Copies, since subscribers are told of each: they may abort others, which then leave the window.
      for (const request of [...worker.inFlight]) request.rejectAt(worker, error, 'closed');
      for (const request of [...worker.backlog]) request.reject(error, 'closed');
    }
    this.takeUnstarted((request) => request.reject(error, 'closed'));
  }

  /** Rejects all requests that have not started, wherever they are. Running ones go on. */
  rejectUnstarted(error: unknown): void {
    for (const worker of this.#workers) {
      if (worker.state === 'checking') continue;
      this.collect(worker);
      for (const request of worker.takeAll()) request.reject(error, 'closed');
      for (const request of worker.backlog.takeAll()) request.reject(error, 'closed');
      this.#policy.update(worker.view);
    }
    this.takeUnstarted((request) => request.reject(error, 'closed'));
  }

  /**
   * Takes all unstarted requests out of the queue, the backlogs and the windows.
   * @param settle called with each. Subscribers that this tells may abort others of them: until its turn comes
   *   each waits in the queue
   */
  takeUnstarted(settle: (request: Request) => void): void {
    for (const worker of this.#workers) {
      if (worker.state === 'checking') continue;
      this.#assignment.requeue(worker.reclaim(Number.POSITIVE_INFINITY, 'leaving'));
      this.#assignment.requeue(worker.backlog.takeAll());
    }
    this.#assignment.queueHeldUp();
    // No more than there are now: what is submitted meanwhile waits.
    for (let left = this.queue.size; left > 0; left--) {
      const request = this.queue.shift();
      if (request === undefined) break;
      settle(request);
    }
    this.#passes.noteLoad();
    this.#passes.runSoon();
  }

  #remove(worker: Worker): void {
    this.#policy.remove(worker.view);
    const at = this.#workers.indexOf(worker);
    if (at >= 0) this.#workers.splice(at, 1);
    this.#assignment.forget(worker);
  }
}
