/** One worker: a thread as the main thread sees it. Its window, what is pending in it, its state. */

import { MessageChannel } from 'node:worker_threads';
import { decodeFailure, encodeFailure } from '../errors/failure.js';
import type { ThreadSettings } from '../options/thread.js';
import { Channel } from '../protocol/channel.js';
import { CLOCK_OFFSET } from '../protocol/clock.js';
import { Coalescing, MAX_DEFER_MS } from '../protocol/coalescing.js';
import { windowBytes } from '../protocol/layout.js';
import type { ModuleAddress, ResultMessage, ToMain, ToWorker } from '../protocol/messages.js';
import { advance } from '../protocol/positions.js';
import { Window } from '../protocol/window.js';
import { Backlog } from '../requests/backlog.js';
import type { ReclaimReason } from '../requests/reclaimable.js';
import type { Request } from '../requests/request.js';
import { isCallingUser } from '../requests/user-callback.js';
import { flags } from '../values/slot-format.js';
import { readOne } from '../values/slot-reader.js';
import type { ArenaMemory } from './arena.js';
import { ForcedExit } from './forced-exit.js';
import { InFlight } from './in-flight.js';
import type { Prefetch } from './prefetch.js';
import { Receiver } from './receiver.js';
import { type MainChannel, Sender } from './sender.js';
import { Thread, type ThreadDeath } from './thread.js';
import { View, type WorkerState } from './view.js';
import { type Remains, WindowWriter } from './window-writer.js';

/** Depth and size of windows. */
export interface WindowLimits {
  /** Most requests in a window. */
  readonly depth: number;
  /** Most expected work in a window that is not empty. */
  readonly lead: Prefetch;
  /** Most bytes of arguments in a window that is not empty. */
  readonly bytes: number;
}

/** What a worker needs from around it. */
export interface WorkerSetup {
  readonly id: number;
  /** What a policy that hashes knows it by; handed on to the worker that takes its place. */
  readonly label: string;
  readonly weight: number;
  readonly limits: WindowLimits;
  readonly bell: SharedArrayBuffer;
  readonly spin: number;
  readonly spinners: SharedArrayBuffer;
  readonly arenas: ArenaMemory;
  readonly preload: readonly ModuleAddress[];
  /** No other worker is there: it may be given something while it is still coming up. */
  readonly isAwaited: boolean;
  readonly watchHeap: boolean;
  readonly thread: ThreadSettings;
}

/** Whom a worker tells what happens. */
export interface WorkerEvents {
  /** A request is completed. Exactly one of `value` and `failure` counts. */
  completed(
    worker: Worker,
    request: Request,
    runTime: number,
    value: unknown,
    message: ResultMessage | undefined,
  ): void;
  /** The thread has published something and the main thread was asleep. */
  woken(): void;
  /** The thread was absent, and has answered. */
  answered(worker: Worker): void;
  /** The thread runs and has loaded what it was to preload. */
  ready(worker: Worker): void;
  /** The thread has stopped. `drain` has not been called for its last completions. */
  died(worker: Worker, death: ThreadDeath): void;
}

export class Worker {
  readonly id: number;
  readonly view: View<Worker>;
  /** Requests that a pinning policy has given to this worker while its window was full. */
  readonly backlog = new Backlog();
  state: WorkerState = 'starting';
  /** Its thread has been up. */
  wasReady = false;
  /** How many requests it has completed, failed ones included. */
  completed = 0;
  /** How many of these failed. */
  failed = 0;
  /** Sum of their run times, in ms. */
  busyTime = 0;
  /** When the last completion was seen, or the window went from empty to not empty, in ms. */
  lastProgress = 0;
  /** When the last completions were taken: time since the ones before, in ms, and how much of it the thread had nothing to do. */
  absence = 0;
  idled = 0;
  /** Open sessions that run on it. */
  sessions = 0;
  /** It has staged requests; see `Staging`. */
  touched = false;
  /** Its thread has been ended on purpose. */
  terminated = false;
  readonly #limits: WindowLimits;
  readonly #window: Window;
  readonly #inFlight: InFlight;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #writer: WindowWriter;
  readonly #channel: MainChannel;
  readonly #thread: Thread;
  readonly #events: WorkerEvents;
  readonly #coalescing = new Coalescing();
  readonly #forcedExit = new ForcedExit(this);
  #heldBack = false;
  #isAbsent = false;
  #draining = false;

  constructor(setup: WorkerSetup, events: WorkerEvents) {
    this.id = setup.id;
    this.view = new View(this, setup.id, setup.label, setup.weight);
    this.#limits = setup.limits;
    this.#events = events;
    const capacity = ringCapacity(setup.limits.depth);
    const shared = new SharedArrayBuffer(windowBytes(capacity));
    this.#window = new Window(shared, setup.bell, capacity);
    this.#window.reset();
    this.#inFlight = new InFlight(capacity, this.view);
    const { port1, port2 } = new MessageChannel();
    this.#channel = new Channel(port1, (message) => this.#receive(message));
    this.#channel.unref();
    const forArguments = new MessageChannel();
    this.#sender = new Sender(this.#channel, forArguments.port1, this.#window, this.#inFlight, setup.arenas);
    this.#receiver = new Receiver(this.#channel, this.#inFlight, this.#sender);
    this.#writer = new WindowWriter(this.#window, this.#inFlight, this.#sender);
    this.#thread = new Thread(
      {
        port: port2,
        argumentsPort: forArguments.port2,
        window: shared,
        bell: setup.bell,
        capacity,
        spin: setup.spin,
        spinners: setup.spinners,
        id: setup.id,
        preload: setup.preload,
        isAwaited: setup.isAwaited,
        watchHeap: setup.watchHeap,
      },
      [port2, forArguments.port2],
      setup.thread,
      (death) => this.#died(death),
    );
  }

  /** Requests sent and not started, or about to be sent. */
  get unstarted(): number {
    return this.#writer.unstarted;
  }

  /** Whether there is a request of a task that had never run. */
  get hasUnknown(): boolean {
    return this.#inFlight.hasUnknown;
  }

  /** Whether results lie there that `drain` would take. */
  get hasResults(): boolean {
    return this.#window.completed() !== this.#inFlight.done;
  }

  /** Whether it may have, or soon get, completions that it does not announce at once. See `Coalescing`. */
  get mayHoldBack(): boolean {
    if (!this.#coalescing.mayDeferNext(this.view.pending)) return false;
    const request = this.runningRequest;
    const start = request === undefined ? 0 : this.#window.status.startOf(request.id);
    // Both sides look at the clock, one a little later than the other.
    return start === 0 || performance.now() + CLOCK_OFFSET - start < 1.1 * MAX_DEFER_MS;
  }

  /** Size of the thread's heap when it last noted it, in bytes. */
  get heapUsed(): number {
    return this.#window.status.heap();
  }

  /** A count that changes while the thread turns its event loop. */
  get beats(): number {
    return this.#window.status.beats();
  }

  /** A count that changes with each request that the thread starts or completes. */
  get claims(): number {
    return this.#window.head() + this.#window.completed();
  }

  /** A count that changes with either. */
  get progress(): number {
    return this.#window.status.beats() + this.claims;
  }

  /** The request that would be started next, if any. */
  get oldestUnstarted(): Request | undefined {
    const head = this.#window.head();
    return head === this.#inFlight.tail ? this.backlog.first : this.#inFlight.at(head);
  }

  /** Asks for a beat. */
  ping(): void {
    this.#send({ type: 'ping' });
  }

  /**
   * Puts a request into the next free slot; `flush` makes it visible. O(1).
   * @returns the error with which the request must be rejected: its arguments cannot be cloned; the window is as before
   */
  stage(request: Request): Error | undefined {
    const error = this.#writer.stage(request);
    this.updateAvailable();
    return error;
  }

  /** Posts what has been staged, and wakes the thread if it sleeps. O(1). */
  flush(): void {
    if (this.#writer.post()) this.#send({ type: 'ring' });
  }

  /**
   * Takes at most `limit` completions, in order, and reports each.
   * @returns how many there were
   */
  drain(limit: number, now: number): number {
    // Messages are received in here, and what they call may lead here again, or to another worker's next call.
    if (this.#draining || isCallingUser()) return 0;
    this.#draining = true;
    try {
      return this.#drain(limit, now);
    } finally {
      this.#draining = false;
    }
  }

  #drain(limit: number, now: number): number {
    const window = this.#window;
    const ledger = this.#inFlight;
    const { memory } = window;
    const end = window.completed();
    const before = this.busyTime;
    let count = 0;
    while (ledger.done !== end && count < limit) {
      const slot = window.completionSlot(ledger.done);
      const kind = memory.i32[slot + 1] as number;
      const runTime = memory.f32[slot + 2] as number;
      // What the task has printed, or sent on its way, comes before its result; and it is for a request that is still here.
      const sent = memory.i32[slot + 3] as number;
      if (sent !== 0) this.#channel.drainTo(sent);
      const request = ledger.leave();
      this.#sender.over(request);
      let value: unknown;
      let message: ResultMessage | undefined;
      if ((kind & flags.byMessage) !== 0) message = this.#receiver.takeResult(request.id);
      else value = readOne(memory, slot, kind);
      count++;
      this.completed++;
      this.busyTime += runTime;
      this.#coalescing.ran(runTime);
      this.#events.completed(this, request, runTime, value, message);
    }
    if (count > 0) {
      this.absence = now - this.lastProgress;
      // Behind a run that has become long nothing was to be sent: that it then has nothing to do is intended.
      const ranDry = this.view.pending === 0 && !this.#heldBack;
      this.idled = ranDry ? this.absence - (this.busyTime - before) : 0;
      this.lastProgress = now;
      this.#heldBack = false;
      this.#isAbsent = false;
    }
    this.updateAvailable();
    return count;
  }

  /** Takes back up to n of the last unstarted requests that may run elsewhere, the oldest first. See `WindowWriter.reclaim`. */
  reclaim(n: number, why: ReclaimReason = 'balance'): Request[] {
    return this.#change(() => this.#writer.reclaim(n, why));
  }

  /** Takes one unstarted request out of the window. False: it has been started, or is not here. */
  withdraw(request: Request): boolean {
    return this.#change(() => this.#writer.withdraw(request));
  }

  /** Takes back all that is unstarted, also what could not run elsewhere. `putBack` undoes it. */
  takeAll(): Request[] {
    return this.#change(() => this.#writer.takeAll());
  }

  /** Puts back what `takeAll` has just given. */
  putBack(requests: readonly Request[]): void {
    this.#change(() => this.#writer.putBack(requests));
  }

  /** Whether the request is started and not completed. */
  isRunning(request: Request): boolean {
    return this.runningRequest === request;
  }

  /** The request that is started and not completed, if any: the last one claimed. */
  get runningRequest(): Request | undefined {
    const head = this.#window.head();
    return this.#window.completed() === head ? undefined : this.#inFlight.at(advance(head, -1));
  }

  /** All that is sent and not completed, as far as is known here. */
  requests(): Iterable<Request> {
    return this.#inFlight;
  }

  /** Since when the request has been running, in ms of `performance.now() + CLOCK_OFFSET`; 0: it is not running. */
  startOf(request: Request): number {
    return this.#window.status.startOf(request.id);
  }

  /** Tells the running task to stop: its signal is aborted. */
  cancel(request: Request, reason: unknown): void {
    this.#window.cancel(request.id);
    this.#send({ type: 'abort', id: request.id, reason: encodeFailure(reason) });
  }

  /** Lets a streaming task send that many values more. */
  credit(request: Request, values: number): void {
    this.#send({ type: 'credit', id: request.id, values });
  }

  /** Tells a streaming task that no more values are wanted. */
  stopStream(request: Request): void {
    this.#send({ type: 'return', id: request.id });
  }

  /** A session that ran here is closed. */
  leaveSession(): void {
    this.sessions--;
    if (this.sessions === 0 && this.state === 'draining') this.retire();
  }

  /** Lets the thread end by itself when its window is empty; ends it if it does not. */
  retire(): void {
    this.#forcedExit.begin();
    this.#send({ type: 'retire' });
    if (this.#window.ring()) this.#send({ type: 'ring' });
  }

  /** Ends the thread at once, for that reason. What it has not started should have been taken back before. */
  terminate(cause?: Error): void {
    this.terminated = true;
    void this.#thread.terminate(cause);
  }

  /** After death: what it has left. */
  remains(): Remains {
    return this.#writer.takeRemains();
  }

  /** Receives messages that have arrived and closes the port. After death. */
  closeChannel(): void {
    this.#channel.close();
    this.#sender.close();
  }

  /** Whether `holdBack` is in force. */
  get heldBack(): boolean {
    return this.#heldBack;
  }

  /** Nothing more is to be sent until the running request is over. */
  holdBack(): void {
    this.#heldBack = true;
    this.updateAvailable();
  }

  /** Whether its thread has been called and has not answered: it gets nothing. */
  get isAbsent(): boolean {
    return this.#isAbsent;
  }

  /** Its thread does not start what it has. From now on it is absent, until it answers. */
  call(): void {
    this.#isAbsent = true;
    this.#send({ type: 'call' });
    if (this.#window.ring()) this.#send({ type: 'ring' });
    this.updateAvailable();
  }

  /** Sets whether it has room. To be called after each change. */
  updateAvailable(): void {
    const { view } = this;
    const limits = this.#limits;
    view.available =
      this.state !== 'dead' &&
      !this.#isAbsent &&
      (view.pending === 0 ||
        (!this.#heldBack &&
          view.pending < limits.depth &&
          this.#inFlight.bytes + this.#sender.unreadBytes < limits.bytes &&
          // One ahead hides the hand-over, however long it is thought to wait: the dispatcher takes it back before long.
          (view.pending === 1 || view.work < limits.lead.work)));
  }

  /** Throws unless the counts agree with the window; for tests. */
  verify(): void {
    this.#inFlight.verify();
  }

  /** Posts what is staged, changes what is unstarted, posts what the change has put back. */
  #change<T>(act: () => T): T {
    this.flush();
    const result = act();
    this.flush();
    this.updateAvailable();
    return result;
  }

  #receive(message: ToMain): void {
    switch (message.type) {
      case 'wake':
        this.#events.woken();
        break;
      case 'here':
        this.#isAbsent = false;
        this.updateAvailable();
        this.#events.answered(this);
        break;
      case 'ready':
        if (this.state === 'starting') this.state = 'ready';
        this.wasReady = true;
        this.#events.ready(this);
        break;
      case 'unready':
        // Not `terminated`: that is nobody's purpose.
        void this.#thread.terminate(decodeFailure(message.reason) as Error);
        break;
      default:
        this.#receiver.receive(message);
    }
  }

  #died(death: ThreadDeath): void {
    this.#forcedExit.stop();
    // Before what it has sent is received: a `wake` makes the main thread look, and give out what there is.
    this.state = 'dead';
    this.updateAvailable();
    this.#channel.drain();
    // A late `ready` among that makes it so.
    this.state = 'dead';
    this.updateAvailable();
    this.#events.died(this, death);
  }

  #send(message: ToWorker): void {
    this.#channel.send(message);
  }
}

/** The smallest power of two that holds `depth`, and at least 2. */
function ringCapacity(depth: number): number {
  return Math.max(2, 2 ** Math.ceil(Math.log2(depth)));
}
