/**
 * The work loop in a thread: receive, claim, run, deliver. Piscina calls `install` once; then the thread is ours.
 * The steps are those of the protocol at the head of `src/protocol/window.ts`.
 */

import { NotCloneableError } from '../src/errors/errors.js';
import { decodeFailure, encodeFailure } from '../src/errors/failure.js';
import { Channel } from '../src/protocol/channel.js';
import { CLOCK_OFFSET } from '../src/protocol/clock.js';
import type { ToWorker, WorkerInit } from '../src/protocol/messages.js';
import { SpinPermits } from '../src/protocol/spin-permits.js';
import { Window } from '../src/protocol/window.js';
import { restoreBuffers } from '../src/values/restore-buffers.js';
import { flags, readValues } from '../src/values/slot-codec.js';
import { Functions, type TaskFunction } from './functions/functions.js';
import { readyToImport } from './functions/importer.js';
import { loadModule } from './functions/module.js';
import { ArgumentSignals } from './input/argument-signals.js';
import { Arguments } from './input/arguments.js';
import { SharedBuffers } from './input/shared-buffers.js';
import { Announcer } from './loop/announcer.js';
import { CurrentRequest } from './loop/current.js';
import { Delivery, sendWhole, type WorkerChannel } from './loop/delivery.js';
import { exit, inNextTurn, now } from './loop/natives.js';
import { Spinner } from './loop/spin.js';
import { redirectOutput } from './output.js';
import { Streams } from './stream.js';
import { enter } from './task.js';

/** How long to sleep in place before going to sleep in the event loop, in ms. It delays a task's late timers at most that much. */
const NAP_MS = 10;
/** How long the thread's event loop may go without a turn, in ms: timers and late errors of tasks surface then. */
const TURN_MS = 10;

/** The entry that Piscina runs. Returns at once; the loop goes on by itself. */
export function install(init: WorkerInit): void {
  new WorkLoop(init).start(init);
}

/** Where others could run meanwhile what this one is given, it says so only when it is. */
function isReadyEarly({ isAwaited, preload }: WorkerInit): boolean {
  return isAwaited && preload.length === 0;
}

class WorkLoop {
  readonly #window: Window;
  readonly #channel: WorkerChannel;
  readonly #functions = new Functions();
  readonly #delivery: Delivery;
  readonly #announcer: Announcer;
  readonly #current: CurrentRequest;
  readonly #streams: Streams;
  readonly #arguments: Arguments;
  readonly #signals = new ArgumentSignals();
  readonly #shares: SharedBuffers;
  readonly #spinner: Spinner;
  readonly #watchHeap: boolean;
  #looping = false;
  #retiring = false;
  #lastTurn = 0;

  constructor(init: WorkerInit) {
    this.#window = new Window(init.window, init.bell, init.capacity);
    this.#channel = new Channel(init.port, (message) => this.#receive(message));
    // The answer takes some time, in which the rest is made, and waits in the port and the window.
    if (isReadyEarly(init)) this.#channel.send({ type: 'ready' });
    this.#shares = new SharedBuffers(() => this.#channel.receiveNext());
    this.#arguments = new Arguments(init.argumentsPort, this.#window);
    this.#delivery = new Delivery(this.#window, this.#channel);
    this.#announcer = new Announcer(this.#window, this.#channel);
    this.#streams = new Streams({
      channel: this.#channel,
      announce: () => this.#delivery.announceMessage(),
      turn: () => (now() - this.#lastTurn > TURN_MS ? this.#turn() : undefined),
      isCancelled: (id) => this.#window.isCancelled(id),
    });
    this.#spinner = new Spinner(this.#window, new SpinPermits(init.spinners), init.id, init.spin);
    this.#watchHeap = init.watchHeap;
    this.#current = new CurrentRequest(this.#window, (id, value) => {
      sendWhole(this.#channel, value, undefined, 'the progress value', (plain, buffers) => {
        return { type: 'progress', id, value: plain, buffers };
      });
      this.#delivery.announceMessage();
    });
    redirectOutput((stream, chunk) => {
      this.#channel.send({ type: 'output', stream, chunk });
      this.#delivery.announceMessage();
    });
    process.once('exit', () => this.#returnTransferred());
    this.#lastTurn = now();
  }

  /** Loads what is to be loaded, and then says that it is ready; begins. */
  async start(init: WorkerInit): Promise<void> {
    this.#looping = true;
    try {
      for (const module of init.preload) await loadModule(module);
    } catch (error) {
      // Not thrown: something in the thread may handle what is uncaught, and then it would stay, and never be ready.
      this.#channel.send({ type: 'unready', reason: encodeFailure(error) });
      return;
    }
    readyToImport();
    if (!isReadyEarly(init)) this.#channel.send({ type: 'ready' });
    inNextTurn(() => this.#loop());
  }

  #receive(message: ToWorker): void {
    switch (message.type) {
      case 'define':
        this.#functions.define(message.definition);
        break;
      case 'forget':
        this.#functions.forget(message.ids);
        break;
      case 'share':
        this.#shares.add(message.number, message.buffer);
        break;
      case 'unshare':
        this.#shares.forget(message.numbers);
        break;
      case 'drop':
        this.#arguments.drop(message.sendings);
        this.#signals.drop(message.sendings);
        break;
      case 'abort':
        this.#current.abort(message.id, decodeFailure(message.reason));
        // It may wait for a caller who takes no more.
        this.#streams.return(message.id);
        break;
      case 'signal':
        this.#signals.abort(message);
        break;
      case 'credit':
        this.#streams.credit(message.id, message.values);
        break;
      case 'return':
        this.#streams.return(message.id);
        break;
      case 'ping':
        this.#window.beat();
        break;
      case 'call':
        this.#channel.send({ type: 'here' });
        break;
      case 'retire':
        this.#retiring = true;
        break;
      case 'ring':
        break;
    }
    if (!this.#looping) {
      this.#window.wakeUp();
      this.#loop();
    }
  }

  async #loop(): Promise<void> {
    this.#looping = true;
    for (;;) {
      const waiting = this.#runAll();
      this.#announcer.announceAll();
      if (waiting !== undefined) {
        await waiting;
        continue;
      }
      this.#arguments.tidy();
      const idleSince = now();
      if (idleSince - this.#lastTurn > TURN_MS) {
        await this.#turn();
        continue;
      }
      if (this.#retiring) exit();
      if (this.#spinner.spin(idleSince)) continue;
      if (this.#window.nap(NAP_MS)) {
        // A ring without a request: there is a message.
        if (this.#window.unstarted() === 0) this.#channel.drain();
        continue;
      }
      if (this.#window.sleep()) break;
    }
    this.#looping = false;
  }

  /** Runs until the window is empty (returns `undefined`) or something must be awaited. */
  #runAll(): Promise<void> | undefined {
    const window = this.#window;
    const { memory } = window;
    const { i32 } = memory;
    // The end of one run is the start of the next: one look at the clock for each request.
    let start = 0;
    for (;;) {
      const position = window.claim();
      if (position < 0) return undefined;
      if (start === 0) start = now();
      const slot = window.requestSlot(position);
      const id = i32[slot] as number;
      const kind = i32[slot + 2] as number;
      window.noteStart(id, start + CLOCK_OFFSET);
      let result: unknown;
      try {
        const number = i32[slot + 1] as number;
        const task = this.#functions.ready(number) ?? this.#find(number);
        let values: readonly unknown[];
        if ((kind & flags.byMessage) === 0) {
          values = readValues(memory, slot, kind, this.#shares.of);
          this.#current.begin(id, undefined);
        } else {
          values = this.#take(id, i32[slot + 3] as number);
        }
        enter(this.#current);
        result = typeof task === 'function' ? task(...values) : this.#runLoaded(task, values);
        if ((kind & flags.streams) !== 0) result = this.#streams.run(id, result);
        if (isThenable(result)) return this.#finishLater(position, id, result, start);
      } catch (error) {
        this.#delivery.failure(position, id, error, now() - start);
        this.#ended(start, now());
        start = 0;
        continue;
      }
      const end = now();
      this.#delivery.result(position, id, result, end - start);
      this.#ended(start, end);
      start = end;
      if (end - this.#lastTurn > TURN_MS) return this.#turn();
    }
  }

  async #runLoaded(loading: Promise<TaskFunction>, values: readonly unknown[]): Promise<unknown> {
    const task = await loading;
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
      this.#delivery.failure(position, id, error, now() - start);
    }
    const end = now();
    this.#ended(start, end);
    if (end - this.#lastTurn > TURN_MS) await this.#turn();
  }

  #find(task: number): TaskFunction | Promise<TaskFunction> {
    while (!this.#functions.has(task) && this.#channel.receiveNext());
    return this.#functions.get(task);
  }

  #take(id: number, sending: number): readonly unknown[] {
    const message = this.#arguments.take(sending);
    if (message === undefined) {
      const cause = this.#arguments.unreadable;
      throw new NotCloneableError('arguments', 'something that the worker could not read', { cause });
    }
    this.#signals.begin(message);
    restoreBuffers(message.buffers);
    this.#current.begin(id, message.context);
    return message.values;
  }

  #ended(start: number, end: number): void {
    enter(undefined);
    this.#current.begin(0, undefined);
    this.#signals.end();
    this.#announcer.completed(end, end - start);
  }

  /** One turn of the thread's event loop. */
  async #turn(): Promise<void> {
    await new Promise<void>((resolve) => inNextTurn(resolve));
    this.#lastTurn = now();
    this.#window.beat();
    if (this.#watchHeap) this.#window.noteHeap(heapStatistics().used_heap_size);
  }

  /** The thread ends: what was transferred to it and not started goes back, since it exists nowhere else. */
  #returnTransferred(): void {
    this.#window.takeLast();
    for (const [message, transferred] of this.#arguments.transferred()) {
      try {
        this.#channel.send({ type: 'returned', arguments: message }, transferred);
      } catch {
        // Not everything can be transferred twice. Then it is lost, and the main thread says so.
      }
    }
  }
}

/** Loaded where it is asked for: that takes 0.4 ms, which no start should. */
function heapStatistics() {
  return process.getBuiltinModule('node:v8').getHeapStatistics();
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
