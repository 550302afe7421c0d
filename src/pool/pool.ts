/** The set of workers, and what happens to each as its thread comes up and ends. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import { SpinPermits } from '../protocol/spin-permits.js';
import type { LifecycleEvents } from '../worker/events.js';
import type { ThreadDeath } from '../worker/thread.js';
import type { Worker } from '../worker/worker.js';
import { Availability } from './availability.js';
import { Broadcasts, type SendBroadcast } from './broadcasts.js';
import type { Circuit } from './circuit.js';
import { EarlySuccessors } from './early-successors.js';
import type { HeadStart } from './head-start.js';
import type { Member } from './member.js';
import { Members } from './members.js';
import type { PoolEvents, PoolRules } from './pool-setup.js';
import { Readiness } from './readiness.js';
import { Recycling } from './recycling.js';
import { Replacement } from './replacement.js';
import { Reserves } from './reserves.js';
import { Resizing } from './resizing.js';
import { Retirement } from './retirement.js';
import type { ScalingLimits } from './scaler.js';
import { Size } from './size.js';
import { type PoolSetup, Spawner } from './spawner.js';
import { startAbandoned, startFailed } from './start-failure.js';
import { Startup } from './startup.js';
import type { ThreadCounts } from './thread-counts.js';
import { UsageLimits } from './usage-limits.js';

export class Pool implements LifecycleEvents<Worker> {
  /** For `Maintenance`. */
  readonly recycling: Recycling;
  readonly resizing: Resizing;
  /** For `Cancellation`. */
  readonly earlySuccessors: EarlySuccessors;
  readonly broadcasts: Broadcasts;
  readonly #rules: PoolRules;
  readonly #dispatcher: Dispatcher;
  readonly #events: PoolEvents;
  readonly #spinPermits: SpinPermits;
  readonly #members = new Members();
  readonly #spawner: Spawner;
  readonly #startup: Startup;
  readonly #readiness: Readiness;
  readonly #retirement: Retirement;
  readonly #replacement: Replacement;
  readonly #reserves: Reserves;
  readonly #availability: Availability;
  readonly #size: Size;
  /** Of threads since the start. */
  #ended = 0;
  #crashed = 0;
  /** No worker will be added by the caller. */
  #closing = false;
  #closed = false;

  constructor(
    setup: PoolSetup,
    headStart: HeadStart,
    rules: PoolRules,
    range: ScalingLimits,
    dispatcher: Dispatcher,
    events: PoolEvents,
    send: SendBroadcast,
  ) {
    this.#rules = rules;
    this.#size = new Size(range);
    this.#dispatcher = dispatcher;
    this.#events = events;
    this.#spinPermits = new SpinPermits(headStart.settings.spinners);
    this.#availability = new Availability((error) => events.refusing(error));
    this.#spawner = new Spawner(setup, headStart, this.#members, dispatcher, this, () => this.#fill());
    this.#retirement = new Retirement(this.#members, dispatcher);
    const limits = new UsageLimits(rules.maxRequests, rules.maxHeap);
    const reserves = new Reserves(this.#members, limits, (member) => this.#admit(member));
    this.#reserves = reserves;
    const [members, spawner, retirement] = [this.#members, this.#spawner, this.#retirement];
    const replacement = new Replacement(members, spawner, retirement, reserves);
    this.#replacement = replacement;
    const parts = { limits, members, dispatcher, replacement, reserves, retirement, spawner };
    this.recycling = new Recycling(parts, (member) => this.#retireSpent(member));
    this.earlySuccessors = new EarlySuccessors(parts);
    this.resizing = new Resizing(this.#size, this.#members, this.#spawner, this.#retirement, reserves, () =>
      this.#fill(),
    );
    this.#readiness = new Readiness(this.#members, this.#size, this.circuit);
    this.broadcasts = new Broadcasts(this.#members, reserves, send);
    this.#startup = new Startup(this.broadcasts, rules.check, rules.stepLimits, (worker, error) =>
      this.#startedUp(worker, error),
    );
    this.#fill();
  }

  /** How many workers there should be. */
  get target(): number {
    return this.#size.target;
  }

  /** The limits of the number of workers; always the same object. */
  get range(): ScalingLimits {
    return this.#size.range;
  }

  /** Number of workers that get no requests yet. */
  get starting(): number {
    return this.#members.starting;
  }

  /** Workers that start, and make the set larger when they are ready. */
  get coming(): number {
    return this.#members.coming;
  }

  /** Workers that start, and those that are started when requests wait for them. O(n). */
  get room(): number {
    const { range, target } = this.#size;
    const starting = this.coming + this.#members.succeeding;
    return starting + (this.circuit.state === 'closed' ? range.max - target : 0);
  }

  /** All workers, those that start or drain included. */
  *workers(): Generator<Worker> {
    for (const { worker } of this.#members.all()) yield worker;
  }

  worker(id: number): Worker | undefined {
    return this.#members.get(id)?.worker;
  }

  /** Whether a worker has the place of that label, or is to have it. */
  hasPlace(label: string): boolean {
    return this.#members.hasPlace(label) || this.#spawner.isVacant(label);
  }

  get circuit(): Circuit {
    return this.#spawner.circuit;
  }

  /**
   * Resolves when that many workers get requests; `undefined`: all that there should be. Starts what is
   * missing.
   */
  async ready(count: number | undefined): Promise<void> {
    if (count !== undefined && count > this.target) void this.resizing.scale(count);
    await this.#readiness.wait(count, this.#closing);
  }

  /** Replaces all workers one by one. */
  async reload(): Promise<void> {
    await this.#replacement.reload();
  }

  /**
   * Takes a worker out at once: its unstarted requests run elsewhere, its sessions move, and a fresh worker
   * takes its place.
   *
   * @param notBefore when the fresh one may be started, in ms; 0: at once
   * @param cause terminates its thread at once, for this reason; `undefined`: the running request may finish
   */
  eject(worker: Worker, notBefore: number, cause: Error | undefined): void {
    const member = this.#members.get(worker.id);
    if (member === undefined) return;
    if (member.leavesVacancy) this.#spawner.vacate(worker, notBefore);
    this.#retirement.eject(member, cause);
    this.#reserves.relieve(member);
    this.#fill();
  }

  /** No worker will be added by the caller: requests that wait for an empty set are rejected. */
  beginClose(): void {
    this.#closing = true;
    this.#reportAvailability();
  }

  get threads(): ThreadCounts {
    return { started: this.#spawner.lastId, ended: this.#ended, crashed: this.#crashed };
  }

  /** Lets all threads end, and terminates those that start. Resolves when all have ended. */
  async close(): Promise<void> {
    // Those in reserve end as others do, with their modules' teardown.
    this.#reserves.dissolve();
    this.#stop();
    await this.#retirement.retireAll();
  }

  /** Terminates all threads at once, and starts no more. */
  terminate(): void {
    this.#stop();
    this.#retirement.terminateAll();
  }

  used(worker: Worker): void {
    this.recycling.used(worker);
  }

  cameUp(worker: Worker): void {
    const member = this.#members.get(worker.id) as Member;
    if (this.#closed || !member.isStaying) return;
    if (!this.#startup.isNeededBy(worker)) {
      this.#passed(member);
      return;
    }
    // A thread that has ended meanwhile has not passed.
    if (worker.state === 'dead') return;
    this.#dispatcher.watch(worker);
    this.#startup.begin(worker);
  }

  died(worker: Worker, death: ThreadDeath): void {
    const member = this.#members.get(worker.id) as Member;
    const isExpected = !member.isStaying || worker.terminated;
    const { state, leavesVacancy } = member;
    const wasRunning = worker.runningRequest !== undefined;
    member.end();
    this.#members.delete(member);
    this.#spinPermits.leave(worker.id);
    this.#startup.forget(worker);
    this.#dispatcher.died(worker, death);
    member.ended.resolve();
    this.#reserves.relieve(member);
    if (state === 'starting' || state === 'in-reserve')
      this.broadcasts.startEnded(worker, startFailed(member, death));
    else if (state === 'abandoned') {
      startAbandoned(member, this.#closing || this.#closed);
      this.broadcasts.startEnded(worker, undefined);
    }
    if (state !== 'starting' && state !== 'abandoned')
      this.#spawner.ended(wasRunning || worker.completed > 0, isExpected);
    // An extra worker that failed to start leaves the set as it was.
    if (leavesVacancy && state === 'starting' && member.isExtra) this.#size.move(-1);
    else if (leavesVacancy) this.#spawner.vacate(worker);
    this.#ended++;
    if (!isExpected) this.#crashed++;
    this.#events.ended(worker.id, death.exitCode, death.cause, isExpected);
    this.#fill();
  }

  #startedUp(worker: Worker, error: Error | undefined): void {
    const member = this.#members.get(worker.id);
    if (this.#closed || !member?.isStaying) return;
    if (error === undefined) this.#passed(member);
    else worker.terminate(error);
  }

  /** It can get requests. */
  #passed(member: Member): void {
    member.attempt.succeeded();
    this.recycling.started(member);
    if (!this.#reserves.takes(member)) this.#admit(member);
  }

  #admit(member: Member): void {
    const { worker } = member;
    // The predecessor leaves first: both have one label, and policies that hash tell workers apart by it.
    if (member.replaces !== undefined) {
      void this.#retirement.retire(member.replaces);
      // That has told the policy, which may have changed the set: then this one serves by now, or is to go.
      if (!member.isComing) return;
    }
    member.enter('serving');
    // Its thread may have ended already, with its messages still being received: it came up all the same.
    if (worker.state !== 'dead') worker.admit();
    this.#reportAvailability();
    this.#dispatcher.add(worker);
    this.#events.started(worker);
    member.ready.resolve();
    this.#fill();
  }

  /** It may run no more requests than those of its sessions. */
  #retireSpent(member: Member): void {
    if (this.#closed) return;
    if (member.leavesVacancy) this.#spawner.vacate(member.worker);
    void this.#retirement.retire(member);
    this.#reserves.relieve(member);
    this.#fill();
  }

  /** Starts the missing workers, as far as circuit and backoff allow. */
  #fill(): void {
    if (this.#closed) return;
    this.#spawner.fill(this.target);
    this.#reportAvailability();
  }

  #reportAvailability(): void {
    const staysEmpty = this.range.max === 0 && (this.#rules.failsWhenEmpty || this.#closing);
    this.#availability.report(this.#members.hasStaying, this.circuit, staysEmpty);
    this.#readiness.look(this.#closing);
  }

  #stop(): void {
    this.#closed = true;
    this.#size.end();
    this.#spawner.stop();
  }
}
