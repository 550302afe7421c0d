/**
 * Pike's loop: *a request came in, dispatch it; a worker has finished, note it*. Both end in one pass: queue → policy →
 * worker. Everything submitted in one turn of the event loop is dispatched together.
 */

import type { Policy } from '../policies/policy.js';
import type { ResultMessage } from '../protocol/messages.js';
import { Queue } from '../requests/queue.js';
import type { Request } from '../requests/request.js';
import { Settlement } from '../requests/settlement.js';
import type { TaskRef } from '../tasks/registry.js';
import type { ThreadDeath } from '../worker/thread.js';
import type { WindowLimits, Worker } from '../worker/worker.js';
import { Assignment } from './assignment.js';
import type { Counters } from './counters.js';
import { CrashRecovery } from './crash-recovery.js';
import {
  nextResult,
  pendingIn,
  someHasResults,
  someIsAwaited,
  someIsPending,
  someMayHoldBack,
} from './load.js';
import { Overdue } from './overdue.js';
import { type Lookout, Poller } from './poller.js';
import { STUCK_MS, StuckWorkers, startsNothing } from './rebalance.js';

/** Most completions taken from one worker in one look: other I/O is served in between. */
const LOOK_LIMIT = 1024;
/** Requests submitted in one go before the first are dispatched, so that workers need not wait for the end of a long burst. */
const BURST = 64;

/** Whom the dispatcher tells what concerns the whole Balancer. */
export interface DispatcherEvents {
  /** There is room in the queue again, or less in it. */
  drained(): void;
  /** Nothing is queued, nothing pending. */
  idle(): void;
  /** Something is queued or pending, after nothing was. */
  busy(): void;
  /** A request has been run, and its caller still waits for it; called only where it is defined. */
  observed?(worker: Worker, ok: boolean): void;
}

export interface DispatcherSetup {
  readonly policy: Policy;
  readonly limits: WindowLimits;
  /** How many threads the machine runs at once. */
  readonly cores: number;
}

const soon = Promise.resolve();

export class Dispatcher implements Lookout {
  readonly queue = new Queue();
  readonly poller: Poller;
  readonly counts: Counters = { submitted: 0, completed: 0, failed: 0, reclaimed: 0, retried: 0, ejected: 0 };
  readonly #policy: Policy;
  readonly #limits: WindowLimits;
  readonly #cores: number;
  readonly #events: DispatcherEvents;
  readonly #workers: Worker[] = [];
  readonly #assignment: Assignment;
  /** In a burst, what is completed may be told in the next turn only (see `#burst`). */
  readonly #settlement = new Settlement();
  readonly #flush = (): void => {
    this.#flushing = false;
    this.#inBurst = 0;
    this.#flushesSinceLook++;
    this.pass();
  };
  #flushing = false;
  #inBurst = 0;
  /** Zero while the caller's code runs for the first time since the event loop has turned. */
  #flushesSinceLook = 0;
  #busy = false;
  readonly #crashRecovery = new CrashRecovery(this.counts, (requests) => this.#assignment.requeue(requests));
  readonly #stuckWorkers: StuckWorkers;
  readonly #rescueFirst = (): void =>
    this.#stuckWorkers.look(this.#workers, performance.now(), this.#assignment);
  readonly #overdue = new Overdue(STUCK_MS, () => {
    if (this.#workers.some(startsNothing)) this.poller.wake();
  });

  constructor(setup: DispatcherSetup, events: DispatcherEvents) {
    this.#policy = setup.policy;
    this.#limits = setup.limits;
    this.#assignment = new Assignment(this.queue, setup.policy, setup.limits, this.#workers, this.counts);
    this.#stuckWorkers = new StuckWorkers(setup.limits);
    this.#events = events;
    this.#cores = setup.cores;
    this.poller = new Poller(this);
  }

  get workers(): readonly Worker[] {
    return this.#workers;
  }

  /** Whether something is queued or pending, as of the last pass. */
  get busy(): boolean {
    return this.#busy;
  }

  /** The policy's answer may have changed: offers it what waits, in this turn. */
  offer(): void {
    this.#schedule();
  }

  /** Requests in the queue and in backlogs: all that is in nobody's window. O(1); O(w) while there are backlogs. */
  get waiting(): number {
    return this.#assignment.waiting;
  }

  /** Requests in windows and backlogs; the check of a fresh worker is none. O(w). */
  get pending(): number {
    return pendingIn(this.#workers);
  }

  /** A request came in. O(1). */
  submit(request: Request): void {
    this.counts.submitted++;
    this.queue.push(request);
    this.#schedule();
    if (++this.#inBurst >= BURST) this.#burst();
  }

  /** How many requests of a task the windows and a small reserve hold. O(1). */
  capacityFor(task: TaskRef): number {
    const { depth, lead } = this.#limits;
    const each =
      task.runs === 0 ? 2 : Math.max(1, Math.min(depth, Math.ceil(lead.work / Math.max(task.mean, 1e-3))));
    const workers = Math.max(1, this.#workers.length);
    // The reserve fills the windows again before the caller has taken the next results.
    return workers * (each + Math.ceil(each / 2) + 1);
  }

  /** Takes what the worker completes, before the policy may select it. */
  watch(worker: Worker): void {
    this.#workers.push(worker);
    this.#schedule();
  }

  /** The policy may select the worker from now on. */
  add(worker: Worker): void {
    if (!this.#workers.includes(worker)) this.#workers.push(worker);
    this.#policy.add(worker.view);
    this.#schedule();
  }

  /** The policy selects the worker no more. What it has not started goes back to the queue; of a broken one that of sessions, too. */
  retire(worker: Worker): void {
    this.#policy.remove(worker.view);
    const why = worker.state === 'ejected' ? 'ejected' : 'leaving';
    this.#assignment.requeue(worker.reclaim(Number.POSITIVE_INFINITY, why));
    for (const request of worker.backlog.takeAll()) {
      if (request.extras?.session === undefined || why === 'ejected') this.#assignment.requeue([request]);
      else worker.backlog.push(request);
    }
    this.#schedule();
  }

  /**
   * Ends the thread that runs a request, unless that has ended by itself just now. What the thread has not started runs elsewhere;
   * what was transferred to it is lost.
   */
  end(worker: Worker, request: Request): void {
    // With all of this taken back it cannot start anything else, so nobody else can be hit.
    const unstarted = worker.takeAll();
    if (!worker.isRunning(request)) {
      worker.putBack(unstarted);
      return;
    }
    this.#policy.remove(worker.view);
    // So that its sessions move.
    worker.state = 'ejected';
    this.#crashRecovery.moveOn(unstarted, worker, 'its thread had to be ended');
    this.#assignment.requeue(worker.backlog.takeAll());
    worker.terminate();
    this.#schedule();
  }

  /** Takes what a worker has completed: before a request there is called late, say. */
  collect(worker: Worker): void {
    this.#settlement.settleHeld();
    if (!worker.hasResults) return;
    worker.drain(Number.POSITIVE_INFINITY, performance.now());
    this.#assignment.refill(worker);
    this.#policy.update(worker.view);
    this.#schedule();
  }

  /** The worker is no more. */
  remove(worker: Worker): void {
    this.#policy.remove(worker.view);
    const at = this.#workers.indexOf(worker);
    if (at >= 0) this.#workers.splice(at, 1);
    this.#assignment.forget(worker);
  }

  /** Gives out what the policy lets. O(n log w) for n requests that find room. */
  pass(): void {
    this.#pass(this.#stuckWorkers.atEachPass);
  }

  #pass(rescue: boolean): void {
    // Getters in arguments, and policies, are the caller's code: they may submit.
    if (this.#assignment.isActive) {
      this.#schedule();
      return;
    }
    this.#assignment.run(rescue ? this.#rescueFirst : undefined);
    this.#events.drained();
    this.#noteLoad();
  }

  /** A worker that was absent is there again. */
  answered(worker: Worker): void {
    this.#policy.update(worker.view);
    this.#schedule();
  }

  /** A worker has published something. */
  woken(): void {
    this.poller.wake();
  }

  /** A request is completed: its worker's count is right already. */
  completed(
    worker: Worker,
    request: Request,
    runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void {
    request.task.ran(runTime);
    const failure = message?.failure;
    this.counts.completed++;
    if (failure !== undefined) {
      this.counts.failed++;
      worker.failed++;
    }
    this.#policy.observe?.(worker.view, { runTime, ok: failure === undefined });
    // What was aborted or timed out fails for that reason, whichever the worker.
    if (this.#events.observed !== undefined && !request.isSettled)
      this.#events.observed(worker, failure === undefined);
    this.#settlement.settle(request, value, message);
  }

  /** The worker's thread has stopped: results first, then the fate of the rest. */
  died(worker: Worker, death: ThreadDeath): void {
    worker.drain(Number.POSITIVE_INFINITY, performance.now());
    worker.closeChannel();
    this.remove(worker);
    this.#crashRecovery.settle(worker.remains(), worker, death);
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
      this.queue.forget();
      this.#noteLoad();
      // Somebody may be waiting for room in the queue.
      this.#schedule();
      return true;
    }
    if (!worker.backlog.remove(request) && !worker.withdraw(request)) return false;
    this.#policy.update(worker.view);
    this.#schedule();
    return true;
  }

  /** Rejects all that is not completed. What runs goes on, for nobody. */
  rejectAll(error: unknown): void {
    for (const worker of this.#workers) {
      this.collect(worker);
      for (const request of worker.requests()) request.reject(error);
      for (const request of worker.backlog) request.reject(error);
    }
    for (const request of this.takeUnstarted()) request.reject(error);
  }

  /** All that is not started leaves the queue and the windows; for closing in a hurry. */
  takeUnstarted(): Request[] {
    for (const worker of this.#workers) {
      if (worker.state === 'checking') continue;
      this.#assignment.requeue(worker.reclaim(Number.POSITIVE_INFINITY, 'leaving'));
      this.#assignment.requeue(worker.backlog.takeAll());
    }
    const taken = [...this.queue.takeAll()];
    this.#noteLoad();
    this.#schedule();
    return taken;
  }

  look(): number {
    const now = performance.now();
    this.#flushesSinceLook = 0;
    this.#settlement.settleHeld();
    const count = this.#drainAll(now);
    this.#pass(true);
    return count;
  }

  mayHoldBack(): boolean {
    return someMayHoldBack(this.#workers);
  }

  hasResults(): boolean {
    return someHasResults(this.#workers) || this.#settlement.hasHeld;
  }

  nextResult(): number | undefined {
    return nextResult(this.#workers, this.#cores);
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void soon.then(this.#flush);
  }

  /**
   * A long burst of `submit` in one go: hands out what there is, and takes completions so that windows do not run dry
   * meanwhile. In a burst that follows from promises that were settled so, theirs are settled in the next turn only: else a loop of
   * `then(submit)` would never leave the microtasks.
   */
  #burst(): void {
    this.#inBurst = 0;
    if (this.#assignment.isActive) return;
    this.#settlement.holdsBack = this.#flushesSinceLook > 0;
    this.#drainAll(performance.now());
    this.#settlement.holdsBack = false;
    this.pass();
    if (this.#settlement.hasHeld) this.poller.lookSoon();
  }

  #drainAll(now: number): number {
    const { lead } = this.#limits;
    lead.fade(now);
    let count = 0;
    for (const worker of this.#workers) {
      if (!worker.hasResults) continue;
      count += worker.drain(LOOK_LIMIT, now);
      if (worker.idled > 0 && this.queue.size > 0) lead.missed(worker.absence, worker.idled, now);
      this.#assignment.refill(worker);
      this.#policy.update(worker.view);
    }
    return count;
  }

  #noteLoad(): void {
    const workers = this.#workers;
    const busy = this.queue.size > 0 || someIsAwaited(workers);
    if (someIsPending(workers)) {
      this.poller.arm();
      if (workers.length > 1) this.#overdue.arm();
    }
    if (busy === this.#busy) return;
    this.#busy = busy;
    if (busy) this.#events.busy();
    else this.#events.idle();
  }
}
