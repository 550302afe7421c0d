/**
 * Runs the items of a chunk one after the other: steps 10 and 11 of the protocol at the head of
 * `src/protocol/window.ts`. Each item fails alone, and no outcome waits for that of another to be published.
 */
import { encodeFailure, type Failure } from '../../src/errors/failure.js';
import { CLOCK_OFFSET } from '../../src/protocol/clock.js';
import { Memory } from '../../src/protocol/layout.js';
import type { ChunkPayload } from '../../src/protocol/messages.js';
import type { Window } from '../../src/protocol/window.js';
import { OutcomeWriter } from '../../src/values/outcomes.js';
import { unpackItems } from '../../src/values/packed-items.js';
import type { TaskFunction } from '../functions/task-function.js';
import type { CurrentRequest } from './current-request.js';
import { withoutWorkLoop } from './frames.js';
import { now } from './natives.js';
import { OVERDUE } from './preparation.js';
import { sendMarked, type WorkerChannel } from './send.js';
import type { Turns } from './turns.js';

/** Outcomes of a chunk that runs on are told of after this time, in ms. */
const TELL_MS = 8;

/** What a chunk needs of the work loop. */
export interface ChunkHost {
  readonly window: Window;
  readonly channel: WorkerChannel;
  readonly current: CurrentRequest;
  /** Something has been sent that must arrive before the chunk's completion does. */
  sent(): void;
  /** Sends what items have printed. */
  flushOutput(): void;
  readonly turns: Turns;
  /** The chunk is over. */
  over(failed: number, start: number, end: number): void;
  /** Its queue time was over before any item could start. */
  expired(): void;
}

/** The chunk as it came. */
export interface ChunkRequest {
  readonly id: number;
  readonly payload: ChunkPayload;
  readonly context: unknown;
}

/** Runs a chunk. @returns `undefined`: it is over already */
export function runChunk(
  host: ChunkHost,
  task: TaskFunction | Promise<TaskFunction>,
  request: ChunkRequest,
  start: number,
): Promise<void> | undefined {
  const running =
    typeof task === 'function'
      ? new ChunkRun(host, task, request, start).run()
      : loadAndRun(host, task, request);
  return running?.then(() => (host.turns.isDue(now()) ? host.turns.take() : undefined));
}

/** If the task cannot be loaded, each item fails with that error. */
async function loadAndRun(
  host: ChunkHost,
  loading: Promise<TaskFunction>,
  request: ChunkRequest,
): Promise<void> {
  let task: TaskFunction;
  try {
    task = await loading;
  } catch (error) {
    if (error === OVERDUE) {
      host.expired();
      return;
    }
    task = () => {
      throw error;
    };
  }
  await new ChunkRun(host, task, request, now()).run();
}

class ChunkRun {
  readonly #host: ChunkHost;
  readonly #task: TaskFunction;
  readonly #id: number;
  readonly #context: unknown;
  readonly #count: number;
  readonly #item: (index: number) => unknown;
  readonly #outcomes: OutcomeWriter;
  /** Where the run time of each item is noted, if anybody wants to know. */
  readonly #times: Float32Array | undefined;
  readonly #start: number;
  readonly #end: number;
  /** The item that runs, or is next. */
  #index = 0;
  #failed = 0;
  #lastTold: number;
  /** Its outcome is awaited. */
  #isRunning = false;
  /** When the item that runs has started. */
  #itemStart = 0;

  constructor(host: ChunkHost, task: TaskFunction, request: ChunkRequest, start: number) {
    const { payload, id, context } = request;
    this.#host = host;
    this.#task = task;
    this.#id = id;
    this.#context = context;
    this.#count = Math.min(payload.count, payload.most);
    const memory = new Memory(payload.memory);
    this.#item = unpackItems(payload.items, memory);
    this.#outcomes = new OutcomeWriter(memory, payload.outcomesEnd, payload.count);
    this.#times = payload.times && new Float32Array(payload.times);
    this.#start = start;
    this.#end = start + payload.limit;
    this.#lastTold = start;
  }

  /** Runs items until all are over (returns `undefined`) or something must be awaited. */
  run(): Promise<void> | undefined {
    this.#host.window.status.noteChunkStart(this.#start + CLOCK_OFFSET);
    const waiting = this.#runItems(this.#start);
    return waiting === undefined ? undefined : this.#runRest(waiting);
  }

  async #runRest(first: PromiseLike<unknown>): Promise<void> {
    for (let waiting: PromiseLike<unknown> | undefined = first; waiting !== undefined; ) {
      if (this.#isRunning) await this.#finishLater(waiting);
      else await waiting;
      waiting = this.#runItems(now());
    }
  }

  async #finishLater(result: PromiseLike<unknown>): Promise<void> {
    try {
      this.#publish(await result);
    } catch (error) {
      this.#publishFailure(error);
    }
    this.#noteTime(now());
    this.#isRunning = false;
  }

  #runItems(since: number): PromiseLike<unknown> | undefined {
    const { window, current } = this.#host;
    const id = this.#id;
    const task = this.#task;
    let at = since;
    while (this.#index < this.#count && (at < this.#end || this.#index === 0)) {
      const waiting = this.#isLong(at) ? this.#breathe(at) : undefined;
      if (waiting !== undefined) return waiting;
      const index = this.#index;
      window.status.noteItem(index);
      if (window.marks.isStopped(id)) break;
      window.status.noteStart(id + index, at + CLOCK_OFFSET);
      current.begin(id + index, this.#context);
      this.#itemStart = at;
      try {
        const result = task(this.#item(index));
        if (isThenable(result)) {
          this.#isRunning = true;
          return result;
        }
        this.#publish(result);
      } catch (error) {
        this.#publishFailure(error);
      }
      at = now();
      this.#noteTime(at);
    }
    window.status.noteItem(-1);
    window.status.noteStart(id, this.#start + CLOCK_OFFSET);
    this.#host.over(this.#failed, this.#start, at);
    return undefined;
  }

  /** The item before the next one has ended. */
  #noteTime(at: number): void {
    if (this.#times !== undefined) this.#times[this.#index - 1] = at - this.#itemStart;
  }

  #isLong(at: number): boolean {
    return at - this.#lastTold > TELL_MS;
  }

  /** Long chunks give their outcomes on the way, and turn the event loop as often as other requests do. */
  #breathe(at: number): Promise<void> | undefined {
    this.#lastTold = at;
    this.#host.window.status.noteItem(-1);
    this.#host.flushOutput();
    this.#host.channel.send({ type: 'progressed', id: this.#id, count: this.#index });
    const { turns } = this.#host;
    return turns.isDue(at) ? turns.take() : undefined;
  }

  #publish(value: unknown): void {
    if (!this.#outcomes.publish(value)) this.#send(value);
    this.#index++;
  }

  /** What does not fit the memory goes by message, in the same way as a result of a request of its own. */
  #send(value: unknown): void {
    const id = this.#id;
    const index = this.#index;
    let failure: Failure | undefined;
    try {
      sendMarked(this.#host.channel, value, 'the result', (parts) => {
        return { type: 'outcome', id, index, failure: undefined, ...parts };
      });
    } catch (error) {
      failure = encodeFailure(error);
    }
    if (failure !== undefined) this.#sendFailure(failure);
    this.#published();
  }

  #publishFailure(thrown: unknown): void {
    this.#sendFailure(encodeFailure(thrown, withoutWorkLoop));
    this.#published();
    this.#index++;
  }

  #sendFailure(failure: Failure): void {
    this.#failed++;
    const { channel } = this.#host;
    channel.send({
      type: 'outcome',
      id: this.#id,
      index: this.#index,
      value: undefined,
      tree: undefined,
      failure,
      buffers: undefined,
      errors: undefined,
    });
  }

  #published(): void {
    this.#host.sent();
    this.#outcomes.publishSent();
  }
}

/** Whether the task's result must be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
