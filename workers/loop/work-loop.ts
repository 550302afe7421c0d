/**
 * The work loop of a thread: receive, claim, run, deliver. `src/protocol/window.ts` has the protocol.
 *
 * The names of the methods that call tasks, and of this file, are also in `frames.ts`.
 */
import { Channel } from '../../src/protocol/channel.js';
import { CLOCK_OFFSET } from '../../src/protocol/clock.js';
import type { Carrier, ToWorker, WorkerInit } from '../../src/protocol/messages.js';
import { SpinPermits } from '../../src/protocol/spin-permits.js';
import { Window } from '../../src/protocol/window.js';
import { flags } from '../../src/values/slot-format.js';
import { readValues } from '../../src/values/slot-reader.js';
import { Functions } from '../functions/functions.js';
import type { TaskFunction } from '../functions/task-function.js';
import { tearDown } from '../functions/teardown.js';
import { ArgumentSignals } from '../input/argument-signals.js';
import { Arguments } from '../input/arguments.js';
import { ControlMessages } from '../input/control-messages.js';
import { SharedBuffers } from '../input/shared-buffers.js';
import { Output } from '../output.js';
import { Profiler } from '../profiler.js';
import { inContextOf } from '../restored-context.js';
import { Stream } from '../stream.js';
import { identify } from '../task.js';
import { Announcer } from './announcer.js';
import { isThenable } from './chunk.js';
import { ChunkRunner } from './chunk-runner.js';
import { CurrentRequest } from './current-request.js';
import { Delivery } from './delivery.js';
import { returnTransferred } from './leaving.js';
import { exit, inNextTurn, now } from './natives.js';
import { isOver, OVERDUE, Preparation } from './preparation.js';
import { sendProgress } from './progress.js';
import { getReady, isReadyEarly } from './readiness.js';
import type { WorkerChannel } from './send.js';
import { Spinner } from './spinner.js';
import { Turns } from './turns.js';

/**
 * How long the thread blocks before it sleeps in its event loop, in ms. A task's late timers wait no longer
 * than that.
 */
const NAP_MS = 10;

export class WorkLoop {
  readonly #window: Window;
  readonly #channel: WorkerChannel;
  readonly #functions = new Functions();
  readonly #output: Output;
  readonly #delivery: Delivery;
  readonly #announcer: Announcer;
  readonly #current: CurrentRequest;
  readonly #stream: Stream;
  readonly #arguments: Arguments;
  readonly #preparation: Preparation;
  readonly #chunks: ChunkRunner;
  readonly #signals = new ArgumentSignals();
  readonly #shares: SharedBuffers;
  readonly #spinner: Spinner;
  readonly #turns: Turns;
  readonly #control: ControlMessages;
  readonly #teardownLimit: number;
  #looping = false;

  constructor(init: WorkerInit) {
    identify(init);
    this.#window = new Window(init.window, init.bell, init.capacity);
    this.#channel = new Channel(init.port, (message) => this.#receive(message));
    // The rest is made while the main thread answers. What it sends waits in the port and the window.
    if (isReadyEarly(init)) this.#channel.send({ type: 'ready' });
    this.#shares = new SharedBuffers(() => this.#channel.receiveNext());
    this.#arguments = new Arguments(init.argumentsPort, this.#window.status);
    this.#output = new Output({
      send: (stream, chunk, id) => {
        this.#channel.send({ type: 'output', stream, chunk, id });
        this.#delivery.sent();
      },
      running: () => this.#current.requestId,
      awaitRoom: (most, ms) => this.#window.flow.awaitRoom(this.#channel.sent, most, ms),
    });
    this.#delivery = new Delivery(this.#window, this.#channel, this.#output);
    this.#announcer = new Announcer(this.#window, this.#channel);
    this.#stream = new Stream({
      channel: this.#channel,
      flush: () => this.#output.flush(),
      sent: () => this.#delivery.sent(),
      turn: () => (this.#turns.isDue(now()) ? this.#turns.take() : undefined),
      isCancelled: (id) => this.#window.marks.isCancelled(id),
    });
    this.#spinner = new Spinner(this.#window, new SpinPermits(init.spinners), init.id, init.spin);
    this.#turns = new Turns(this.#window.status, init.watchHeap);
    // In order with the task's output.
    this.#current = new CurrentRequest(this.#window, (id, value) => {
      this.#output.flush();
      sendProgress(this.#window, this.#channel, id, value);
      this.#delivery.sent();
    });
    this.#preparation = new Preparation(
      this.#window,
      this.#channel,
      this.#functions,
      this.#arguments,
      this.#signals,
    );
    this.#chunks = new ChunkRunner({
      window: this.#window,
      channel: this.#channel,
      current: this.#current,
      turns: this.#turns,
      delivery: this.#delivery,
      preparation: this.#preparation,
      completed: (start, end) => this.#completed(start, end),
      expire: (position, id) => this.#expire(position, id, flags.chunk),
    });
    this.#control = new ControlMessages({
      functions: this.#functions,
      shares: this.#shares,
      arguments: this.#arguments,
      signals: this.#signals,
      current: this.#current,
      delivery: this.#delivery,
      stream: this.#stream,
      profiler: new Profiler((answer) => this.#channel.send(answer)),
      status: this.#window.status,
      channel: this.#channel,
    });
    this.#teardownLimit = init.teardownLimit;
    this.#output.redirect();
    process.once('exit', () => {
      this.#output.flush();
      returnTransferred(this.#window, this.#channel, this.#arguments);
    });
  }

  /** Loads the modules to be preloaded, reports ready, and begins. */
  async start(init: WorkerInit): Promise<void> {
    this.#looping = true;
    if (!(await getReady(init, this.#channel))) return;
    inNextTurn(() => this.#loop());
  }

  #receive(message: ToWorker): void {
    this.#control.carryOut(message);
    if (!this.#looping) {
      this.#window.wakeUp();
      this.#loop();
    }
  }

  async #loop(): Promise<void> {
    this.#looping = true;
    for (;;) {
      const waiting = this.#runAll();
      this.#announcer.flush();
      if (waiting !== undefined) {
        await waiting;
        continue;
      }
      this.#arguments.tidy();
      const idleSince = now();
      if (this.#turns.isDue(idleSince)) {
        await this.#turns.take();
        continue;
      }
      if (this.#control.isRetiring) {
        await tearDown(this.#channel, this.#teardownLimit);
        exit();
      }
      if (this.#spinner.spin(idleSince)) continue;
      if (this.#window.nap(NAP_MS)) {
        // A ring without a request means that there is a message.
        if (this.#window.unstarted() === 0) this.#channel.drain();
        continue;
      }
      this.#turns.noteHeap(now());
      if (this.#window.sleep()) break;
    }
    this.#looping = false;
  }

  /** Runs requests until the window is empty (returns `undefined`) or a promise must be awaited. */
  #runAll(): Promise<void> | undefined {
    const window = this.#window;
    const { memory, status } = window;
    const { i32 } = memory;
    // The end of one run is the start of the next, so the clock is read once for each request.
    let start = 0;
    for (;;) {
      const position = window.claim();
      if (position < 0) {
        this.#current.leave();
        return undefined;
      }
      if (start === 0) start = now();
      const slot = window.requestSlot(position);
      const id = i32[slot] as number;
      const kind = i32[slot + 2] as number;
      const due = (kind & flags.expires) === 0 ? Number.POSITIVE_INFINITY : window.deadlines.at(position);
      if (isOver(due)) {
        this.#expire(position, id, kind);
        start = 0;
        continue;
      }
      const number = i32[slot + 1] as number;
      const known = this.#functions.ready(number);
      if (known === undefined) status.noteLoading(id);
      status.noteStart(id, start + CLOCK_OFFSET);
      let result: unknown;
      try {
        let task = known ?? this.#preparation.find(number, id, due);
        if ((kind & flags.chunk) !== 0) {
          const waiting = this.#chunks.run(position, id, i32[slot + 3] as number, due, task, start);
          if (waiting !== undefined) return waiting;
          start = now();
          if (this.#turns.isDue(start)) return this.#takeTurn();
          continue;
        }
        let values: readonly unknown[];
        let carrier: Carrier | undefined;
        if ((kind & flags.byMessage) === 0) {
          values = readValues(memory, slot, kind, this.#shares.of);
          this.#current.begin(id, undefined);
        } else {
          const message = this.#preparation.argumentsOf(i32[slot + 3] as number, due);
          this.#current.begin(id, message.context);
          values = message.values;
          carrier = message.carrier;
          task = inContextOf(carrier, task);
        }
        this.#current.enter();
        result = typeof task === 'function' ? task(...values) : this.#runLoaded(id, task, values);
        if ((kind & flags.streams) !== 0) result = this.#stream.run(id, result, carrier);
        if (isThenable(result)) return this.#finishLater(position, id, result, start);
      } catch (error) {
        if (error === OVERDUE) this.#expire(position, id, kind);
        else this.#fail(position, id, error, start);
        start = 0;
        continue;
      }
      const end = now();
      this.#delivery.result(position, id, result, end - start);
      this.#completed(start, end);
      start = end;
      if (this.#turns.isDue(end)) return this.#takeTurn();
    }
  }

  async #runLoaded(id: number, loading: Promise<TaskFunction>, values: readonly unknown[]): Promise<unknown> {
    const task = await this.#preparation.whenLoaded(id, loading);
    return task(...values);
  }

  async #finishLater(
    position: number,
    id: number,
    result: PromiseLike<unknown>,
    start: number,
  ): Promise<void> {
    try {
      const value = await result;
      this.#delivery.result(position, id, value, now() - start);
    } catch (error) {
      if (error === OVERDUE) this.#delivery.expired(position, id);
      else this.#delivery.failure(position, id, error, now() - start);
    }
    const end = now();
    this.#current.leave();
    this.#completed(start, end);
    if (this.#turns.isDue(end)) await this.#turns.take();
  }

  /** Its queue time is over: it is not run. */
  #expire(position: number, id: number, kind: number): void {
    this.#preparation.forget(position, kind);
    this.#delivery.expired(position, id);
    this.#announcer.completed(now(), 0);
  }

  #fail(position: number, id: number, error: unknown, start: number): void {
    this.#delivery.failure(position, id, error, now() - start);
    this.#completed(start, now());
  }

  #takeTurn(): Promise<void> {
    this.#current.leave();
    return this.#turns.take();
  }

  #completed(start: number, end: number): void {
    this.#signals.end();
    this.#announcer.completed(end, end - start);
  }
}
