/**
 * Reads the completions of one worker out of its window, in order, and reports each. Keeps the times that
 * follow from them: how long the thread has run, how long it had no work, whether it may be coalescing
 * completions.
 */

import { CLOCK_OFFSET, performance } from '../protocol/clock.js';
import { Coalescing, MAX_DEFER_MS } from '../protocol/coalescing.js';
import type { ResultMessage } from '../protocol/messages.js';
import { advance } from '../protocol/positions.js';
import type { Window } from '../protocol/window.js';
import type { Request } from '../requests/request.js';
import { isCallingUser } from '../requests/user-callback.js';
import type { SharedBufferOf } from '../values/shared-views.js';
import { flags, isSized } from '../values/slot-format.js';
import { readOne } from '../values/slot-reader.js';
import type { MainChannel } from './connection.js';
import type { CompletionSink } from './events.js';
import type { InFlight } from './in-flight.js';
import type { Receiver } from './receiver.js';
import { RunRecorder } from './run-recorder.js';
import type { Sender } from './sender.js';
import type { Tallies } from './tallies.js';

/** Results that take long to read, as large ones do, are not all read in one go; in ms. */
const MAX_READING_MS = 2;
/**
 * The same for results that came by message, in ms. What awaits them runs when the reading is over, so that
 * long they are all alive; and what the garbage collector finds alive, it copies. Measured with trees of 10
 * KB, 64 on the way: of the turns of the event loop the 99th percentile takes 17 ms, and 24 without.
 */
const MAX_RECEIVING_MS = 0.2;
/** The clock is looked at after so many results, less one; a power of two. */
const CLOCK_MASK = 31;

export class Completions<W> {
  /** Number of completions, failures included. */
  count = 0;
  /** Sum of their run times, in ms. */
  busyTime = 0;
  /** When completions were last read, or the window last became non-empty; in ms. */
  lastProgress = 0;
  /** Time between the last two readings, in ms. */
  interval = 0;
  /** How much of `interval` the thread had no work, in ms. 0 if its window has not run empty, or was to. */
  idleTime = 0;
  /** Position of the completion that was read last. */
  #last = 0;
  readonly #worker: W;
  readonly #window: Window;
  readonly #inFlight: InFlight;
  readonly #channel: MainChannel;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #coalescing = new Coalescing();
  readonly #recorder: RunRecorder;
  readonly #bufferOf: SharedBufferOf;
  #sink: CompletionSink<W>;
  #isReading = false;
  #isOver = false;

  constructor(
    worker: W,
    window: Window,
    inFlight: InFlight,
    channel: MainChannel,
    sender: Sender,
    receiver: Receiver,
    bufferOf: SharedBufferOf,
    tallies: Tallies,
    sink: CompletionSink<W>,
  ) {
    this.#worker = worker;
    this.#window = window;
    this.#inFlight = inFlight;
    this.#channel = channel;
    this.#sender = sender;
    this.#receiver = receiver;
    this.#bufferOf = bufferOf;
    this.#sink = sink;
    this.#recorder = new RunRecorder(window, inFlight, tallies);
  }

  /** Items that the thread has started and that have no outcome. O(completions that have not been read). */
  get unsettled(): number {
    const head = this.#window.head();
    let unsettled = 0;
    for (let p = this.#inFlight.done; p !== head; p = advance(p, 1))
      unsettled += this.#inFlight.at(p)?.unsettled ?? 0;
    return unsettled;
  }

  /** Whether they are those of requests; otherwise of start-up steps, which no statistics count. */
  get areOfRequests(): boolean {
    return this.#sink.isRecorded;
  }

  /** When the run that was reported last has started, in ms of `performance.now()`. */
  get lastStart(): number {
    return this.#window.runStarts.at(this.#last) - CLOCK_OFFSET;
  }

  /** Whether there is any to be read. */
  get areThere(): boolean {
    return this.#window.completed() !== this.#inFlight.done && !this.#isOver;
  }

  /** The request that is started and not completed, if any: the last one claimed. */
  get running(): Request | undefined {
    const head = this.#window.head();
    return this.#window.completed() === head ? undefined : this.#inFlight.at(advance(head, -1));
  }

  /** Whether the thread may have, or soon get, completions that it does not announce at once. */
  get mayBeCoalesced(): boolean {
    if (!this.#coalescing.mayDeferNext(this.#inFlight.pending)) return false;
    const { running } = this;
    const start = running === undefined ? 0 : this.#window.status.startOf(running.id);
    // Both sides look at the clock, one a little later than the other.
    return start === 0 || performance.now() + CLOCK_OFFSET - start < 1.1 * MAX_DEFER_MS;
  }

  /**
   * After death: reads all that are left, also from within a callback.
   * @throws Error they are being read just now: then some would be lost
   */
  readLast(now: number): void {
    if (this.#isReading) throw new Error('a thread has ended while its completions were being read');
    this.#read(Number.POSITIVE_INFINITY, now, true);
  }

  /**
   * All have been read that count, and the window is empty. Requests whose settling is deferred still know
   * this worker, and a thread that was given up may go on completing what it has claimed.
   */
  end(): void {
    this.#isOver = true;
  }

  /** From now on completions go there, and the counts begin anew. */
  reportTo(sink: CompletionSink<W>): void {
    this.#sink = sink;
    this.count = 0;
    this.busyTime = 0;
  }

  /** The window becomes non-empty. */
  begin(): void {
    this.lastProgress = performance.now();
  }

  /**
   * Reads at most `limit` completions, and no more when 2 ms are over unless the limit is `Infinity`.
   * @param now in ms
   * @param mayRunDry whether the window is meant to run empty: then that is no idle time
   * @returns how many there were; of a chunk each item counts, here and in the limit
   */
  read(limit: number, now: number, mayRunDry: boolean): number {
    // Reading receives messages. Callbacks that they call may come back here, or read the next result of
    // another worker ahead of its turn.
    if (this.#isReading || isCallingUser()) return 0;
    return this.#read(limit, now, mayRunDry);
  }

  #read(limit: number, now: number, mayRunDry: boolean): number {
    this.#isReading = true;
    const before = this.busyTime;
    let count = 0;
    try {
      count = this.#readAll(limit, limit === Number.POSITIVE_INFINITY ? limit : now + MAX_READING_MS);
    } finally {
      this.#isReading = false;
    }
    if (count > 0) {
      this.interval = now - this.lastProgress;
      const ranDry = this.#inFlight.pending === 0 && !mayRunDry;
      this.idleTime = ranDry ? this.interval - (this.busyTime - before) : 0;
      this.lastProgress = now;
    }
    return count;
  }

  #readAll(limit: number, deadline: number): number {
    const window = this.#window;
    const inFlight = this.#inFlight;
    const { memory } = window;
    const end = window.completed();
    let count = 0;
    let read = 0;
    let receivingUntil = 0;
    const records = this.#sink.isRecorded && this.#recorder.isWanted(inFlight.done);
    while (inFlight.done !== end && count < limit) {
      const position = inFlight.done;
      const slot = window.completionSlot(position);
      const kind = memory.i32[slot + 1] as number;
      const runTime = memory.f32[slot + 2] as number;
      // Output, progress and yields of the task come before its result, and find their request still here.
      const sends = (kind & (flags.hasSent | flags.byMessage)) !== 0;
      if (sends) this.#channel.drainTo(memory.i32[slot + 3] as number);
      const request = inFlight.leave();
      this.#sender.over(request);
      if (window.marks.hasAny) window.marks.forget(request.id, request.items);
      let value: unknown;
      let message: ResultMessage | undefined;
      const byMessage = (kind & flags.byMessage) !== 0;
      if (sends) message = this.#receiver.takeResult(request.id, byMessage);
      const isExpired = (kind & flags.expired) !== 0;
      if (!byMessage && !isExpired) value = readOne(memory, slot, kind, this.#bufferOf);
      const chunk = request.extras?.chunk;
      if (chunk === undefined) {
        if (records && !isExpired) {
          // Of a no-op that its thread has counted nothing is left to be recorded.
          if ((kind & flags.counted) === 0 || request.extras !== undefined || request.args.length > 0)
            this.#recorder.record(request, position, kind, runTime);
          if (byMessage || isSized(kind))
            this.#recorder.recordResult(request, message === undefined ? value : message.value);
        }
        count++;
        if (!isExpired) this.count++;
      } else {
        count += chunk.size;
        this.count += chunk.completed;
      }
      read++;
      this.#last = position;
      this.busyTime += runTime;
      this.#coalescing.ran(runTime);
      if (isExpired) this.#sink.expired(this.#worker, request);
      else this.#sink.completed(this.#worker, request, runTime, value, message);
      if (byMessage && deadline !== Number.POSITIVE_INFINITY) {
        const time = performance.now();
        if (receivingUntil === 0) receivingUntil = time + MAX_RECEIVING_MS;
        else if (time > receivingUntil) break;
      }
      if ((read & CLOCK_MASK) === 0 && performance.now() > deadline) break;
    }
    return count;
  }
}
