/** One worker: a thread as the main thread sees it. Its window, what is pending in it, its state. */
import { MessageChannel, type Transferable } from 'node:worker_threads';
import { callOut } from './call-out.js';
import { Channel } from './channel.js';
import { approximateBytes, findUncloneable } from './cloneable.js';
import { NotCloneableError } from './errors.js';
import { encodeFailure } from './failure.js';
import { flags, readOne, writeValues } from './payload.js';
import type { WorkerView } from './policies/policy.js';
import type { ArgumentsMessage, ModuleAddress, ResultMessage, ToMain, ToWorker } from './protocol.js';
import type { Request } from './request.js';
import { Thread, type ThreadDeath, type ThreadOptions } from './thread.js';
import { detachedAt } from './transferable.js';
import { compactViews } from './views.js';
import { advance, distance, FIRST_POSITION, Window, windowBytes } from './window.js';

/** Depth and size of windows. */
export interface WindowLimits {
  /** Most requests in a window. */
  readonly depth: number;
  /** Most expected work in a window that is not empty, in ms; `Infinity`: the depth alone counts. */
  readonly work: number;
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
  readonly preload: readonly ModuleAddress[];
  readonly watchHeap: boolean;
  readonly thread: ThreadOptions;
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
  /** The thread runs and has loaded what it was to preload. */
  ready(worker: Worker): void;
  /** The thread has stopped. `drain` has not been called for its last completions. */
  died(worker: Worker, death: ThreadDeath): void;
}

/**
 * The transitions: starting → (checking →) ready → draining → ejected; each of them → dead at any time, ready → ejected.
 *
 *     starting  the thread is coming up
 *     checking  it is up, and runs the check that it must pass (`admission.ts`)
 *     ready     the policy may select it
 *     draining  it finishes what it has started, and stays for its sessions
 *     ejected   taken out as broken: it finishes what it has started at most, and its sessions move
 */
export type WorkerState = 'starting' | 'checking' | 'ready' | 'draining' | 'ejected' | 'dead';

/** Why requests are taken back: to be run by an idle worker, or since this one leaves, or is broken. */
export type ReclaimReason = 'balance' | 'leaving' | 'ejected';

/** Tasks that a thread knows at most, beside those in its window. */
const MOST_TASKS = 1_000;

/** Expected run time of a task that has never run, in ms: a window takes a few of them, not hundreds. */
const UNKNOWN_RUN_TIME = 0.4;

/** The numbers that policies see. */
export class View implements WorkerView {
  readonly id: number;
  readonly weight: number;
  readonly label: string;
  pending = 0;
  work = 0;
  available = true;
  readonly worker: Worker;
  constructor(worker: Worker, id: number, label: string, weight: number) {
    this.worker = worker;
    this.id = id;
    this.weight = weight;
    this.label = label;
  }
}

export class Worker {
  readonly id: number;
  readonly view: View;
  /** Requests that a pinning policy has given to this worker while its window was full. */
  readonly backlog: Request[] = [];
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
  /** Open sessions that run on it. */
  sessions = 0;
  /** It has staged requests; kept by the dispatcher. */
  touched = false;
  /** Its thread has been ended on purpose. */
  terminated = false;
  readonly #limits: WindowLimits;
  readonly #window: Window;
  readonly #mask: number;
  readonly #channel: Channel<ToMain, ToWorker, ResultMessage>;
  readonly #thread: Thread;
  readonly #events: WorkerEvents;
  /** By position: the request, the work it was expected to be, and the bytes of its arguments. */
  readonly #requests: (Request | undefined)[];
  readonly #works: Float64Array;
  readonly #sizes: Float64Array;
  /** Tasks whose definition has been sent. */
  readonly #known = new Set<number>();
  #lastKnown = 0;
  #mostKnown = MOST_TASKS;
  #done = FIRST_POSITION;
  #tail = FIRST_POSITION;
  #staged = 0;
  #bytes = 0;
  /** Counts the messages with arguments. A request may be sent to this thread twice, so its id does not tell which is meant. */
  #sending = 0;
  #heldBack = false;
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
    this.#mask = capacity - 1;
    this.#requests = new Array(capacity).fill(undefined);
    this.#works = new Float64Array(capacity);
    this.#sizes = new Float64Array(capacity);
    const { port1, port2 } = new MessageChannel();
    this.#channel = new Channel(port1, (message) => this.#receive(message));
    this.#channel.unref();
    this.#thread = new Thread(
      {
        port: port2,
        window: shared,
        bell: setup.bell,
        capacity,
        spin: setup.spin,
        spinners: setup.spinners,
        id: setup.id,
        preload: setup.preload,
        watchHeap: setup.watchHeap,
      },
      [port2],
      setup.thread,
      (death) => this.#died(death),
    );
  }

  /** Requests sent and not started, or about to be sent. */
  get unstarted(): number {
    return this.#staged + this.#window.unstarted();
  }

  /** Whether results lie there that `drain` would take. */
  get hasResults(): boolean {
    return this.#window.completed() !== this.#done;
  }

  /** Size of the thread's heap when it last noted it, in bytes. */
  get heapUsed(): number {
    return this.#window.heap();
  }

  /** A count that changes while the thread turns its event loop. */
  get beats(): number {
    return this.#window.beats();
  }

  /** A count that changes with each request that the thread starts or completes, too. */
  get progress(): number {
    return this.#window.beats() + this.#window.head() + this.#window.completed();
  }

  /** The request that would be started next, if any. */
  get oldestUnstarted(): Request | undefined {
    const head = this.#window.head();
    return head === this.#tail ? this.backlog[0] : this.#at(head);
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
    const position = this.#tail;
    const slot = this.#window.requestSlot(position);
    const { memory } = this.#window;
    const { task } = request;
    if (task.id !== this.#lastKnown) this.#introduce(request);
    let bytes = 0;
    let kind = needsMessage(request) ? -1 : writeValues(memory, slot, request.args);
    if (kind < 0) {
      const error = this.#sendArguments(request);
      if (error !== undefined) return error;
      kind = flags.byMessage;
      bytes = approximateBytes(request.args) + approximateBytes(request.extras?.context);
    }
    if (request.extras?.onYield !== undefined) kind |= flags.streams;
    memory.i32[slot] = request.id;
    memory.i32[slot + 1] = task.id;
    memory.i32[slot + 2] = kind;
    memory.i32[slot + 3] = this.#sending;
    // Getters in the arguments are the caller's code: they may have had a request withdrawn from this window.
    if (this.#tail !== position) this.#window.copyRequest(position, this.#tail);
    this.#enter(request, bytes);
    return undefined;
  }

  /** Posts what has been staged, and wakes the thread if it sleeps. O(1). */
  flush(): void {
    if (this.#staged === 0) return;
    this.#window.post(this.#staged);
    this.#staged = 0;
    this.#ring();
  }

  /**
   * Takes at most `limit` completions, in order, and reports each.
   * @returns how many there were
   */
  drain(limit: number, now: number): number {
    // Messages are received in here, and what they call may lead here again.
    if (this.#draining) return 0;
    this.#draining = true;
    try {
      return this.#drain(limit, now);
    } finally {
      this.#draining = false;
    }
  }

  #drain(limit: number, now: number): number {
    const window = this.#window;
    const { memory } = window;
    const end = window.completed();
    let count = 0;
    while (this.#done !== end && count < limit) {
      const slot = window.completionSlot(this.#done);
      const kind = memory.i32[slot + 1] as number;
      const runTime = memory.f32[slot + 2] as number;
      // What the task has printed, or sent on its way, comes before its result; and it is for a request that is still here.
      if (memory.i32[slot + 3] !== 0) this.#channel.drain();
      const request = this.#leave();
      let value: unknown;
      let message: ResultMessage | undefined;
      if ((kind & flags.byMessage) !== 0) message = this.#takeResult(request.id);
      else value = readOne(memory, slot, kind);
      count++;
      this.completed++;
      this.busyTime += runTime;
      this.#events.completed(this, request, runTime, value, message);
    }
    if (count > 0) {
      this.lastProgress = now;
      this.#heldBack = false;
    }
    this.updateAvailable();
    return count;
  }

  /**
   * Takes back up to n of the last unstarted requests, the oldest first. Passes over those that must stay here: their
   * arguments were transferred, or they are pinned. A key pins only as long as the worker stays, a session until it is broken.
   */
  reclaim(n: number, why: ReclaimReason = 'balance'): Request[] {
    this.flush();
    const unstarted = this.#window.unstarted();
    let movable = 0;
    let reach = 0;
    for (let i = 1; i <= unstarted && movable < n; i++) {
      if (!isMovable(this.#at(advance(this.#tail, -i)), why)) continue;
      movable++;
      reach = i;
    }
    return reach === movable ? this.#takeBack(movable, true) : this.#takeOut(reach, why);
  }

  /** Takes back those of the last n that are movable; the others stay, in order. */
  #takeOut(n: number, why: ReclaimReason): Request[] {
    const taken = this.#takeBack(n, false);
    const first = this.#tail;
    const moved: Request[] = [];
    const sendings: number[] = [];
    for (const [i, request] of taken.entries()) {
      const from = advance(first, i);
      if (isMovable(request, why)) {
        moved.push(request);
        this.#noteSending(from, sendings);
      } else this.#restage(request, from);
    }
    this.flush();
    if (sendings.length > 0) this.#send({ type: 'drop', sendings });
    return moved;
  }

  /**
   * Takes one unstarted request out of the window, wherever in it. The ones behind it keep their order.
   * @returns false: it has been started, or is not here
   */
  withdraw(request: Request): boolean {
    this.flush();
    const unstarted = this.#window.unstarted();
    for (let n = 1; n <= unstarted; n++) {
      if (this.#at(advance(this.#tail, -n)) !== request) continue;
      const taken = this.#takeBack(n, false);
      const first = this.#tail;
      const found = taken.indexOf(request);
      if (found >= 0 && this.state !== 'dead') this.#drop(advance(first, found));
      for (const [i, other] of taken.entries()) if (i !== found) this.#restage(other, advance(first, i));
      this.flush();
      return found >= 0;
    }
    return false;
  }

  /** Takes back all that is unstarted, also what could not run elsewhere. `putBack` undoes it. */
  takeAll(): Request[] {
    this.flush();
    return this.#takeBack(this.#window.unstarted(), false);
  }

  /** Puts back what `takeAll` has just given. */
  putBack(requests: readonly Request[]): void {
    for (const request of requests) this.#restage(request, this.#tail);
    this.flush();
  }

  /** Whether the request is started and not completed. */
  isRunning(request: Request): boolean {
    return this.runningRequest === request;
  }

  /** The request that is started and not completed, if any: the last one claimed. */
  get runningRequest(): Request | undefined {
    const head = this.#window.head();
    return this.#window.completed() === head ? undefined : this.#at(advance(head, -1));
  }

  /** All that is sent and not completed, as far as is known here. */
  *requests(): Generator<Request> {
    for (let p = this.#done; p !== this.#tail; p = advance(p, 1)) yield this.#at(p) as Request;
  }

  /** Since when the request has been running, in ms of `performance.timeOrigin + now`; 0: it is not running. */
  startOf(request: Request): number {
    return this.#window.startOf(request.id);
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

  /** Lets the thread end by itself when its window is empty. */
  retire(): void {
    this.#send({ type: 'retire' });
    if (this.#window.ring()) this.#send({ type: 'ring' });
  }

  /** Ends the thread at once, for that reason. What it has not started should have been taken back before. */
  terminate(cause?: Error): void {
    this.terminated = true;
    void this.#thread.terminate(cause);
  }

  /**
   * After death: the request that was running, if any, and those that were never started, the oldest first. `heaviest` is that of
   * the latter with the most bytes of arguments by message, if there are any.
   */
  remains(): { running: Request | undefined; unstarted: Request[]; heaviest: Request | undefined } {
    const started = distance(this.#done, this.#window.head());
    const unstarted = this.#takeBack(distance(this.#window.head(), this.#tail), false);
    let heaviest: Request | undefined;
    let most = 0;
    for (const [i, request] of unstarted.entries()) {
      const bytes = this.#sizes[advance(this.#tail, i) & this.#mask] as number;
      if (bytes <= most) continue;
      most = bytes;
      heaviest = request;
    }
    return { running: started > 0 ? this.#leave() : undefined, unstarted, heaviest };
  }

  /** Receives messages that have arrived and closes the port. After death. */
  closeChannel(): void {
    this.#channel.close();
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

  /** Sets whether it has room. To be called after each change. */
  updateAvailable(): void {
    const { view } = this;
    const limits = this.#limits;
    view.available =
      this.state !== 'dead' &&
      (view.pending === 0 ||
        (!this.#heldBack &&
          view.pending < limits.depth &&
          this.#bytes < limits.bytes &&
          // One ahead hides the hand-over, however long it is thought to wait: the dispatcher takes it back before long.
          (view.pending === 1 || view.work < limits.work)));
  }

  /** Throws unless the counts agree with the window; for tests. */
  verify(): void {
    const pending = distance(this.#done, this.#tail);
    if (pending !== this.view.pending)
      throw new Error(`pending is ${this.view.pending}, the window has ${pending}`);
    let held = 0;
    for (const request of this.#requests) if (request !== undefined) held++;
    if (held !== pending) throw new Error(`${held} requests are held, ${pending} are pending`);
  }

  #receive(message: ToMain): void {
    switch (message.type) {
      case 'wake':
        this.#events.woken();
        break;
      case 'ready':
        if (this.state === 'starting') this.state = 'ready';
        this.wasReady = true;
        this.#events.ready(this);
        break;
      case 'result':
        this.#channel.stash(message.id, message);
        break;
      case 'output':
        callOut(() => process[message.stream].write(message.chunk));
        break;
      case 'progress':
        this.#progressed(this.#find(message.id), message.value);
        break;
      case 'yielded':
        this.#find(message.id)?.extras?.onYield?.(
          message.isBuffer ? asBuffer(message.value as Uint8Array) : message.value,
        );
        break;
      case 'returned':
        this.#takeReturned(message.arguments);
        break;
    }
  }

  #progressed(request: Request | undefined, value: unknown): void {
    if (request === undefined || request.isSettled) return;
    callOut(() => request.extras?.onProgress?.(value));
  }

  #died(death: ThreadDeath): void {
    this.#channel.drain();
    this.state = 'dead';
    this.updateAvailable();
    this.#events.died(this, death);
  }

  /** Transferred arguments have come back from a thread that ended before it started their request. */
  #takeReturned({ id, values, buffers, context, transferred }: ArgumentsMessage): void {
    const request = this.#find(id);
    const extras = request?.extras;
    if (request === undefined || extras === undefined || request.isSettled) return;
    const args = [...values];
    for (const i of buffers ?? []) args[i] = asBuffer(args[i] as Uint8Array);
    request.args = args;
    extras.context = context;
    extras.transfer = transferred;
    extras.away = false;
  }

  #find(id: number): Request | undefined {
    for (let p = this.#done; p !== this.#tail; p = advance(p, 1)) {
      const request = this.#at(p);
      if (request?.id === id) return request;
    }
    return undefined;
  }

  #at(position: number): Request | undefined {
    return this.#requests[position & this.#mask];
  }

  #introduce(request: Request): void {
    const { task } = request;
    this.#lastKnown = task.id;
    if (this.#known.has(task.id)) return;
    if (this.#known.size >= this.#mostKnown) this.#forgetTasks();
    this.#known.add(task.id);
    this.#send({ type: 'define', definition: task.definition });
  }

  /** Has the thread forget the tasks that are not in its window: a program may make new functions for ever. O(window). */
  #forgetTasks(): void {
    const used = new Set<number>();
    for (const request of this.requests()) used.add(request.task.id);
    const ids = [...this.#known].filter((id) => !used.has(id));
    for (const id of ids) this.#known.delete(id);
    // Where most are in use, not at each new one.
    this.#mostKnown = Math.max(MOST_TASKS, 2 * this.#known.size);
    // Before the next definition, so that what is needed again is defined again.
    this.#send({ type: 'forget', ids });
  }

  #sendArguments(request: Request): Error | undefined {
    const { extras } = request;
    const transfer = extras?.transfer;
    // It may have been fine when it was submitted. Node would send an empty buffer, or what cannot be read there.
    const detached = transfer === undefined ? -1 : detachedAt(transfer);
    if (detached >= 0) {
      return new NotCloneableError(`submit options.transfer[${detached}]`, 'a detached ArrayBuffer');
    }
    this.#sending = (this.#sending + 1) | 0;
    try {
      const values = compactViews(request.args, transfer);
      this.#channel.send(
        {
          type: 'arguments',
          id: request.id,
          sending: this.#sending,
          values,
          buffers: buffersIn(request.args),
          context: extras?.context,
          transferred: transfer,
        },
        transfer,
      );
    } catch (cause) {
      const error = findUncloneable(request.args, 'arguments', { cause, transfer });
      if (extras?.context === undefined || error.path !== 'arguments') return error;
      return findUncloneable(extras.context, 'submit options.context', { cause, transfer });
    }
    if (extras !== undefined) extras.away = transfer !== undefined && transfer.length > 0;
    return undefined;
  }

  /** Enters a request that is in its slot at the tail. */
  #enter(request: Request, bytes: number): void {
    const { view } = this;
    const at = this.#tail & this.#mask;
    const { mean } = request.task;
    const work = Number.isNaN(mean) ? UNKNOWN_RUN_TIME : mean;
    this.#requests[at] = request;
    this.#works[at] = work;
    this.#sizes[at] = bytes;
    this.#tail = advance(this.#tail, 1);
    this.#staged++;
    this.#bytes += bytes;
    view.pending++;
    view.work += work;
    this.updateAvailable();
  }

  /** Takes the request at `done` out. */
  #leave(): Request {
    const position = this.#done;
    this.#done = advance(position, 1);
    return this.#remove(position);
  }

  #remove(position: number): Request {
    const at = position & this.#mask;
    const { view } = this;
    const request = this.#requests[at] as Request;
    this.#requests[at] = undefined;
    view.pending--;
    if (view.pending === 0) {
      // Sums of floats drift; an empty window is the moment to begin anew.
      view.work = 0;
      this.#bytes = 0;
    } else {
      view.work -= this.#works[at] as number;
      this.#bytes -= this.#sizes[at] as number;
    }
    return request;
  }

  /** Reclaims n, and all that was staged. `drop`: the thread is told to forget what it has of them by message. */
  #takeBack(n: number, drop: boolean): Request[] {
    const got = this.#window.reclaim(n);
    const taken: Request[] = [];
    const sendings: number[] = [];
    for (let i = 0; i < got; i++) {
      this.#tail = advance(this.#tail, -1);
      this.#noteSending(this.#tail, sendings);
      taken.push(this.#remove(this.#tail));
    }
    if (drop && sendings.length > 0) this.#send({ type: 'drop', sendings });
    this.updateAvailable();
    return taken.reverse();
  }

  /** Notes what the thread has by message of the request in a slot. */
  #noteSending(position: number, sendings: number[]): void {
    const slot = this.#window.requestSlot(position);
    const { i32 } = this.#window.memory;
    if (((i32[slot + 2] as number) & flags.byMessage) !== 0) sendings.push(i32[slot + 3] as number);
  }

  /**
   * Puts a request back into this window, as it was: what it has by message is still in the thread, and the caller may have
   * changed its arguments meanwhile.
   * @param from where it was, not before the tail
   */
  #restage(request: Request, from: number): void {
    const bytes = this.#sizes[from & this.#mask] as number;
    this.#window.copyRequest(from, this.#tail);
    this.#enter(request, bytes);
  }

  /** Lets the thread forget what it has by message for the request that was at the position. */
  #drop(position: number): void {
    const slot = this.#window.requestSlot(position);
    const { i32 } = this.#window.memory;
    if (((i32[slot + 2] as number) & flags.byMessage) === 0) return;
    this.#send({ type: 'drop', sendings: [i32[slot + 3] as number] });
  }

  #takeResult(id: number): ResultMessage {
    const message = this.#channel.take(id);
    if (message === undefined) {
      const cause = this.#channel.unreadable;
      const error = new NotCloneableError('the result', 'something that this thread could not read', {
        cause,
      });
      return { type: 'result', id, value: undefined, failure: encodeFailure(error), isBuffer: false };
    }
    if (message.isBuffer) {
      return { ...message, value: asBuffer(message.value as Uint8Array) };
    }
    return message;
  }

  #ring(): void {
    if (this.#window.ring()) this.#send({ type: 'ring' });
  }

  #send(message: ToWorker): void {
    this.#channel.send(message);
  }
}

/** The smallest power of two that holds `depth`, and at least 2. */
function ringCapacity(depth: number): number {
  return Math.max(2, 2 ** Math.ceil(Math.log2(depth)));
}

function needsMessage(request: Request): boolean {
  const { extras } = request;
  return extras !== undefined && (extras.transfer !== undefined || extras.context !== undefined);
}

function isMovable(request: Request | undefined, why: ReclaimReason): boolean {
  const extras = request?.extras;
  if (extras === undefined) return true;
  if (extras.away || (extras.session !== undefined && why !== 'ejected')) return false;
  return !extras.pinned || why !== 'balance';
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function buffersIn(values: readonly unknown[]): number[] | undefined {
  let found: number[] | undefined;
  for (let i = 0; i < values.length; i++) {
    if (Buffer.isBuffer(values[i])) {
      found ??= [];
      found.push(i);
    }
  }
  return found;
}

export type { Transferable };
