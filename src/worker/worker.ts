/** One worker: a thread as the main thread sees it. Its window, the requests in it, its state. */

import { performance } from '../protocol/clock.js';
import { Backlog } from '../requests/backlog.js';
import type { ReclaimReason } from '../requests/reclaimable.js';
import type { Host, Request } from '../requests/request.js';
import { Commands } from './commands.js';
import { Completions } from './completions.js';
import { type Connection, connect } from './connection.js';
import type { CompletionSink, LifecycleEvents, RequestEvents } from './events.js';
import { ForcedExit } from './forced-exit.js';
import { InFlight } from './in-flight.js';
import { Inbound } from './inbound.js';
import { Profiling } from './profiling.js';
import { Receiver } from './receiver.js';
import { ResultMemory } from './result-memory.js';
import { Running } from './running.js';
import { Sender } from './sender.js';
import type { WorkerSetup } from './setup.js';
import type { WorkerState } from './state.js';
import { Status } from './status.js';
import { Tallies } from './tallies.js';
import { TaskOutput } from './task-output.js';
import type { ThreadDeath } from './thread.js';
import { UnreadableMessages } from './unreadable-messages.js';
import { View } from './view.js';
import { VitalSigns } from './vital-signs.js';
import { type Remains, WindowWriter } from './window-writer.js';

export class Worker implements Host {
  readonly id: number;
  readonly slot: number;
  /** How many threads were started in its place before. */
  readonly restarts: number;
  /** When its thread was started, in ms of `performance.now()`. */
  readonly startedAt = performance.now();
  readonly view: View<Worker>;
  /** Requests that must run here and have found the window full. */
  readonly backlog = new Backlog();
  /** What its thread is told by message. */
  readonly commands: Commands;
  readonly profiling: Profiling;
  readonly vitalSigns: VitalSigns;
  readonly completions: Completions<Worker>;
  /** What it notes of the request that it runs. */
  readonly running: Running;
  /** The requests in its window, as far as is known here. */
  readonly inFlight: InFlight;
  readonly status: Status;
  /** How many of its requests failed. */
  failed = 0;
  /** Open sessions that run on it. */
  sessions = 0;
  /** It has requests that are staged and not posted; see `Staging`. */
  hasStaged = false;
  /** Its thread has counted the run in which it has ended: it was about to complete it. */
  hasCounted = false;
  /** Its thread has been ended on purpose. */
  terminated = false;
  readonly #requestEvents: RequestEvents<Worker>;
  readonly #lifecycleEvents: LifecycleEvents<Worker>;
  readonly #connection: Connection;
  readonly #sender: Sender;
  readonly #inbound: Inbound<Worker>;
  readonly #output: TaskOutput;
  readonly #unreadable: UnreadableMessages;
  readonly #writer: WindowWriter;
  readonly #results: ResultMemory;
  readonly #tallies: Tallies;
  readonly #forcedExit: ForcedExit;
  /** Whether it is to be replaced some time for what it has done. */
  readonly #isLimited: boolean;

  constructor(
    setup: WorkerSetup,
    requestEvents: RequestEvents<Worker>,
    lifecycleEvents: LifecycleEvents<Worker>,
  ) {
    this.id = setup.id;
    this.slot = setup.slot;
    this.restarts = setup.restarts;
    this.view = new View(this, setup.id, setup.label, setup.weight);
    this.#requestEvents = requestEvents;
    this.#lifecycleEvents = lifecycleEvents;
    this.#forcedExit = new ForcedExit(this, setup.launch.teardownLimit);
    this.#isLimited = setup.launch.watchHeap || setup.maxRequests !== Number.POSITIVE_INFINITY;
    this.#connection = connect(
      setup,
      (message) => this.#inbound.receive(message),
      (number, error) => this.#unreadable.add(number, error),
      (exitCode) => this.#died(exitCode),
    );
    const { window, channel, argumentsPort, thread } = this.#connection;
    this.commands = new Commands(channel, window);
    this.profiling = new Profiling(channel);
    this.vitalSigns = new VitalSigns(window);
    const inFlight = new InFlight(window.capacity, this.view);
    this.inFlight = inFlight;
    this.#tallies = new Tallies((message) => channel.send(message));
    this.#sender = new Sender(channel, argumentsPort, window, inFlight, (tasks) =>
      this.#tallies.forget(tasks),
    );
    this.#unreadable = new UnreadableMessages(window, inFlight, (request) =>
      this.commands.stopStream(request),
    );
    this.#output = new TaskOutput(setup.id, inFlight, setup.output, window.flow);
    this.#results = new ResultMemory((message) => channel.send(message));
    const receiver = new Receiver(
      channel,
      inFlight,
      this.#sender,
      this.#unreadable,
      this.#output,
      this.#results,
    );
    this.#writer = new WindowWriter(window, inFlight, this.#sender);
    this.status = new Status(setup, this.view, inFlight, this.#sender, () => this.completions.count);
    this.completions = new Completions<Worker>(
      this,
      window,
      inFlight,
      channel,
      this.#sender,
      receiver,
      this.#results.of,
      this.#tallies,
      requestEvents.completions,
    );
    this.running = new Running(window, () => this.completions.running);
    const parts = {
      status: this.status,
      thread,
      receiver,
      profiling: this.profiling,
      forcedExit: this.#forcedExit,
      writer: this.#writer,
    };
    this.#inbound = new Inbound<Worker>(this, parts, requestEvents, lifecycleEvents);
  }

  /** The last lines that its thread wrote to stderr. */
  get lastErrorLines(): string {
    return this.#output.lastLines;
  }

  get state(): WorkerState {
    return this.status.state;
  }

  /** It runs the start-up check, whose completion goes to `sink`. */
  beginCheck(sink: CompletionSink<Worker>): void {
    this.status.enter('checking');
    this.completions.reportTo(sink);
  }

  /** The policy may select it. A start-up check that it has run does not count as a request. */
  admit(): void {
    // Its counts begin anew before they are looked at.
    this.completions.reportTo(this.#requestEvents.completions);
    this.status.enter('ready');
  }

  /** It gets no more requests. */
  drain(): void {
    this.status.enter('draining');
  }

  /** It is broken. Nothing changes if that is known. */
  eject(): void {
    if (this.state !== 'ejected') this.status.enter('ejected');
  }

  /**
   * How many requests it has completed, failures included; of a chunk each item counts. Until it gets
   * requests, its start-up steps.
   */
  get completed(): number {
    return this.completions.count;
  }

  /** The same without start-up steps. */
  get completedRequests(): number {
    return this.completions.areOfRequests ? this.completions.count : 0;
  }

  /** Sum of the run times of its requests, in ms. */
  get busyTime(): number {
    return this.completions.areOfRequests ? this.completions.busyTime : 0;
  }

  /** Requests sent and not started, or about to be sent. */
  get unstarted(): number {
    return this.#writer.unstarted;
  }

  /** The next one in its window, else the one that waits longest behind it. */
  get oldestUnstarted(): Request | undefined {
    return this.#writer.next ?? this.backlog.oldest;
  }

  /** Whether the request is started and not completed. */
  isRunning(request: Request): boolean {
    return this.runningRequest === request;
  }

  /** The request that is started and not completed, if any. */
  get runningRequest(): Request | undefined {
    return this.completions.running;
  }

  /**
   * Puts a request into the next free slot; `flush` makes it visible. O(1).
   * @returns the error with which the request must be rejected: its arguments cannot be cloned; the window is
   * as before
   */
  stage(request: Request): Error | undefined {
    if (this.view.pending === 0) this.completions.begin();
    if (this.#isLimited) request.extras?.chunk?.limitTo(this.status.allowance);
    const error = this.#writer.stage(request);
    this.status.update();
    // Completions are not awaited: a successor is needed as soon as it may get no more.
    if (this.#isLimited && this.status.allowance <= 0) this.#lifecycleEvents.used(this);
    return error;
  }

  /** Posts what has been staged, and wakes the thread if it sleeps. O(1). */
  flush(): void {
    this.#writer.post();
  }

  /** Reads at most `limit` completions, in order, and reports each. @returns how many there were */
  readCompletions(limit: number, now: number): number {
    // A paused worker was not to get more, so its window is meant to run empty.
    const count = this.completions.read(limit, now, this.status.isPaused);
    if (count > 0) this.status.progressed();
    else this.status.update();
    if (this.#isLimited && count > 0) this.#lifecycleEvents.used(this);
    return count;
  }

  /** After death: reads all completions that are left. */
  readLastCompletions(now: number): void {
    this.completions.readLast(now);
    this.status.update();
  }

  /**
   * Takes back up to n of the last unstarted requests that may run elsewhere, the oldest first. See
   * `WindowWriter.reclaim`.
   */
  reclaim(n: number, why: ReclaimReason = 'balance'): Request[] {
    const requests = this.#writer.reclaim(n, why);
    this.status.update();
    return requests;
  }

  /** Takes back unstarted requests that are less urgent; see `WindowWriter.reclaimBelow`. */
  reclaimBelow(request: Request): Request[] {
    const requests = this.#writer.reclaimBelow(request);
    if (requests.length > 0) this.status.update();
    return requests;
  }

  /** Takes one unstarted request out of the window. False: it has been started, or is not here. */
  withdraw(request: Request): boolean {
    const isWithdrawn = this.#writer.withdraw(request);
    this.status.update();
    return isWithdrawn;
  }

  /** Takes back all unstarted requests, also those that must run here. `putBack` undoes it. */
  takeAll(): Request[] {
    const requests = this.#writer.takeAll();
    this.status.update();
    return requests;
  }

  /** Puts back the requests that `takeAll` has just given. */
  putBack(requests: readonly Request[]): void {
    this.#writer.putBack(requests);
    this.status.update();
  }

  /** A session that ran here is closed. */
  leaveSession(): void {
    this.sessions--;
    if (this.sessions === 0 && this.state === 'draining') this.retire();
  }

  /** Lets the thread end by itself when its window is empty; ends it if it does not. */
  retire(): void {
    this.#forcedExit.begin();
    this.commands.retire();
  }

  /** Ends the thread at once, for that reason. Unstarted requests should have been taken back before. */
  terminate(cause?: Error): void {
    this.terminated = true;
    void this.#connection.thread.terminate(cause);
  }

  /** After death: receives the messages that have arrived and closes the ports. */
  closeChannel(): void {
    this.#connection.channel.close();
    this.#sender.close();
  }

  /** At last: the requests that were not completed. Nothing is left in the window then. */
  takeRemains({ exitCode }: ThreadDeath): Remains {
    const remains = this.#writer.takeRemains();
    this.completions.end();
    this.hasCounted = this.#tallies.end(remains.running?.id, exitCode !== undefined);
    // A thread that was given up may still use it.
    if (exitCode !== undefined) {
      this.#connection.leaveWindow();
      this.#results.close();
    }
    return remains;
  }

  /** Its thread does not start its requests: it counts as unresponsive until it answers. */
  call(): void {
    this.status.called();
    this.commands.call();
  }

  #died(exitCode: ThreadDeath['exitCode']): void {
    this.#forcedExit.stop();
    // Before its last messages are received: a `wake` among them starts a pass, which must not select it.
    this.status.enter('dead');
    const { channel, thread } = this.#connection;
    channel.drain();
    this.#output.over();
    this.profiling.end();
    this.#lifecycleEvents.died(this, { exitCode, cause: thread.cause });
  }
}
