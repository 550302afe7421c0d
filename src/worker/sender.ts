/**
 * Sends messages to a thread ahead of the slots that need them: definitions of tasks, shared buffers, and
 * arguments that do not fit a slot.
 */
import type { MessagePort } from 'node:worker_threads';
import { NotCloneableError } from '../errors/errors.js';
import type { ArgumentsMessage, SignalPlace, ToWorker } from '../protocol/messages.js';
import { isBehind } from '../protocol/positions.js';
import type { Window } from '../protocol/window.js';
import type { Request } from '../requests/request.js';
import type { TaskRef } from '../tasks/registry.js';
import type { FoundSignal } from '../values/abort-signals.js';
import { cloneError } from '../values/clone-errors.js';
import { sendErrors } from '../values/error-details.js';
import { asBytes, asItIs, type Packed, pack } from '../values/pack.js';
import { detachedAt } from '../values/transfer-list.js';
import { copyOf } from '../values/tree-bytes.js';
import { AbortForwarding } from './abort-forwarding.js';
import { Arena } from './arena.js';
import { arenaMemory } from './arena-memory.js';
import type { MainChannel } from './connection.js';
import type { InFlight } from './in-flight.js';
import { SharedBuffers } from './shared-buffers.js';

/** Most tasks that a thread knows, beside those in its window. */
const MOST_TASKS = 1_000;
/** Characters of their sources at most, likewise. */
const MOST_SOURCE = 8 * 2 ** 20;

/** The part of a request that is sent by message. */
interface Whole {
  readonly values: readonly unknown[];
  readonly context: unknown;
}

/** The values are elsewhere in the message. */
const NO_VALUES: Whole = { values: [], context: undefined };

export class Sender {
  /** The shared buffers that the thread knows. */
  readonly shares: SharedBuffers;
  /** Memory into which bytes are copied for the thread. */
  readonly arena: Arena;
  readonly #channel: MainChannel;
  /** For arguments alone. */
  readonly #port: MessagePort;
  readonly #window: Window;
  readonly #forgotten: (tasks: readonly number[]) => void;
  /** Tasks whose definition has been sent: characters of its source, by id. */
  readonly #known = new Map<number, number>();
  /** Characters of their sources. */
  #source = 0;
  #mostSource = MOST_SOURCE;
  #lastKnown = 0;
  #mostKnown = MOST_TASKS;
  /**
   * Counts the messages with arguments. A request may be sent to one thread twice, so its id does not
   * identify one.
   */
  #sending = 0;
  #sentBytes = 0;
  /** Made when a signal is first among the arguments. */
  #forwards: AbortForwarding | undefined;
  /** Bytes of arguments that were dropped and that the thread has not read, by number of the message. */
  readonly #dropped = new Map<number, number>();
  #droppedBytes = 0;
  /** Number of the last message that the thread had read when that was last looked at. */
  #read = 0;

  /** @param forgotten is told which tasks the thread forgets, by id */
  constructor(
    channel: MainChannel,
    port: MessagePort,
    window: Window,
    inFlight: InFlight,
    forgotten: (tasks: readonly number[]) => void,
  ) {
    this.#forgotten = forgotten;
    this.#channel = channel;
    this.#port = port;
    this.#window = window;
    const send = (message: ToWorker) => channel.send(message);
    this.shares = new SharedBuffers(send, inFlight);
    this.arena = new Arena(send, inFlight, arenaMemory);
  }

  /** Wakes the thread from its event loop. */
  ring(): void {
    this.#channel.send({ type: 'ring' });
  }

  /** Bytes of the last message with arguments, estimated. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Number of the last message with arguments. */
  get sending(): number {
    return this.#sending;
  }

  /** Sends the definition of the task unless the thread knows it. @param inUse the requests in its window */
  introduce(task: TaskRef, inUse: Iterable<Request>): void {
    if (task.id === this.#lastKnown) return;
    this.#lastKnown = task.id;
    if (this.#known.has(task.id)) return;
    if (this.#known.size >= this.#mostKnown || this.#source > this.#mostSource) this.#forgetTasks(inUse);
    const { definition } = task;
    const length = definition.kind === 'inline' ? definition.source.length : 0;
    this.#known.set(task.id, length);
    this.#source += length;
    this.#channel.send({ type: 'define', definition: task.definition });
  }

  /**
   * @param written the arguments as bytes, if they are plain data: see `tree-format.ts`
   * @returns the error with which the request must be rejected: then nothing was sent
   */
  sendArguments(request: Request, written: Uint8Array | undefined): Error | undefined {
    const { extras } = request;
    const transfer = extras?.transfer;
    // Detached since `submit`. Node would send an empty buffer, or one that cannot be read there.
    const detached = transfer === undefined ? -1 : detachedAt(transfer);
    if (detached >= 0) {
      return new NotCloneableError(`submit options.transfer[${detached}]`, 'a detached ArrayBuffer');
    }
    const sending = (this.#sending + 1) | 0;
    try {
      const whole = { values: request.args, context: extras?.context };
      const { value, bytes, buffers, signals, errors, moved, stuck, tree } =
        written !== undefined
          ? asBytes(NO_VALUES, copyOf(written))
          : extras?.chunk === undefined
            ? packArguments(whole, transfer)
            : // Its items are packed already, and the context that they share has no parts.
              asItIs(whole, extras.chunk.bytes);
      if (stuck) throw new Error('structured clone would make an empty object of a part');
      const message: ArgumentsMessage = {
        id: request.id,
        sending,
        values: value.values,
        tree,
        buffers,
        signals: signals && this.#forward(request, sending, signals),
        errors: undefined,
        context: value.context,
        carrier: extras?.carrier,
        transferred: transfer,
      };
      const transfers = moved.length === 0 ? transfer : [...(transfer ?? []), ...moved];
      sendErrors(errors, undefined, (details) =>
        this.#port.postMessage(details === undefined ? message : { ...message, errors: details }, transfers),
      );
      this.#sending = sending;
      this.#sentBytes = bytes;
    } catch (cause) {
      this.over(request);
      const options = { cause, transfer, list: 'submit options.transfer', takesSignals: true };
      const error = cloneError(request.args, 'arguments', options);
      if (extras?.context === undefined || error.path !== 'arguments') return error;
      return cloneError(extras.context, 'submit options.context', options);
    }
    if (extras !== undefined) extras.away = transfer !== undefined && transfer.length > 0;
    return undefined;
  }

  /** The thread does not have the request any more: stops listening to its signals. */
  over(request: Request): void {
    this.#forwards?.stop(request.id);
  }

  /** The thread has ended. */
  close(): void {
    this.#forwards?.stopAll();
    this.#port.close();
    this.arena.close();
  }

  /** Puts the signals back into arguments that have come back from the thread. */
  restoreSignals(request: Request, whole: Whole): void {
    this.#forwards?.restore(request.id, whole);
  }

  #forward(request: Request, sending: number, signals: readonly FoundSignal[]): SignalPlace[] {
    this.#forwards ??= new AbortForwarding((sending, index, reason) =>
      this.#channel.send({ type: 'signal', sending, index, reason }),
    );
    return this.#forwards.start(request.id, sending, signals);
  }

  /** Bytes of dropped arguments that a busy thread has not read from the port yet. O(1), amortised. */
  countUnreadBytes(): number {
    if (this.#dropped.size === 0) return 0;
    const read = this.#window.status.read();
    while (isBehind(this.#read, read)) {
      this.#read = (this.#read + 1) | 0;
      const bytes = this.#dropped.get(this.#read);
      if (bytes === undefined) continue;
      this.#dropped.delete(this.#read);
      this.#droppedBytes -= bytes;
    }
    return this.#droppedBytes;
  }

  /**
   * Has the thread drop arguments of requests that were taken back.
   * @param dropped bytes, by number of the message
   */
  drop(dropped: ReadonlyMap<number, number>): void {
    if (dropped.size === 0) return;
    this.#channel.send({ type: 'drop', sendings: [...dropped.keys()] });
    if (this.#dropped.size === 0) this.#read = this.#window.status.read();
    for (const [sending, bytes] of dropped) {
      if (!isBehind(this.#read, sending)) continue;
      this.#dropped.set(sending, bytes);
      this.#droppedBytes += bytes;
    }
  }

  /**
   * Has the thread forget tasks that are not in its window, since a program may make ever new functions.
   * O(window).
   */
  #forgetTasks(inUse: Iterable<Request>): void {
    const used = new Set<number>();
    for (const request of inUse) used.add(request.task.id);
    const ids = [...this.#known.keys()].filter((id) => !used.has(id));
    for (const id of ids) {
      this.#source -= this.#known.get(id) as number;
      this.#known.delete(id);
    }
    // If most are in use, not at each new one.
    this.#mostKnown = Math.max(MOST_TASKS, 2 * this.#known.size);
    this.#mostSource = Math.max(MOST_SOURCE, 2 * this.#source);
    // Before the next definition, so that a task that is needed again is defined again.
    this.#channel.send({ type: 'forget', ids });
    this.#forgotten(ids);
  }
}

/** Spares requests without a context, as most are, the walk over one object. */
function packArguments(whole: Whole, transfer: readonly unknown[] | undefined): Packed<Whole> {
  if (whole.context !== undefined) return pack(whole, transfer, true);
  const packed = pack(whole.values, transfer, true);
  const { bytes, buffers, errors, moved, tree, stuck } = packed;
  const value = { values: packed.value, context: undefined };
  const signals = packed.signals?.map(({ paths, signal }) => ({
    paths: paths.map((path) => ['values', ...path]),
    signal,
  }));
  // Not by spreading: that took longer than all the rest.
  return { value, bytes, buffers, signals, errors, moved, tree, stuck };
}
