/** What the main thread's model and the workers' share. */
import { windowBytes } from '../../dist/src/protocol/layout.js';
import type { Window } from '../../dist/src/protocol/window.js';
import type { Steps } from './model.js';

export interface WindowModelOptions {
  /** The real class, or one with an error in it. */
  readonly Window: typeof Window;
  /** A power of two. */
  readonly capacity: number;
  /** Requests in all. Those with an odd id have arguments and a result that travel by message. */
  readonly requests: number;
  /** Positions start here. */
  readonly position: number;
  /** How many times the main thread may take back. Default 0. */
  readonly reclaims?: number;
  /** How many times it may take one out of the middle, as for an abort. Default 0. */
  readonly withdraws?: number;
  /** Workers, sharing one bell. Default 1. */
  readonly workers?: number;
  /** Queue times may be over when a worker has claimed. Default: they never are. */
  readonly expires?: boolean;
  /** Threads that may die, at any step. Default 0. */
  readonly deaths?: number;
  /** Arguments and results by message, for odd ids, or arguments for all ids. Default false. */
  readonly messages?: boolean | 'all arguments';
  /** Slots are read and written in the same step as what comes before. */
  readonly coarse?: boolean;
  /** Gives up beyond that many states. */
  readonly maxStates?: number;
  /** The main thread never polls and workers never nap: they sleep at once. Fewer states. */
  readonly sleepsAtOnce?: boolean;
  /** An error made on purpose. */
  readonly error?:
    | 'reads before it claims'
    | 'no second look before sleep'
    | 'bell without a second look'
    | 'rings before it posts'
    | 'publishes before the slot is written'
    | 'announces before it publishes'
    | 'holds back although its window is empty'
    | 'claims before it publishes'
    | 'finds arguments by request'
    | 'does not tidy'
    | 'tidies what was not dropped'
    | 'forgets what it is to drop'
    | 'keeps the arguments of what has expired'
    | 'does not complete what has expired'
    | 'runs what has expired';
}

/** Where a request is; only the protocol may move it. */
export type Fate = 'queued' | 'sent' | 'started' | 'completed' | 'crashed';

/** By request id. */
export interface WindowGhost {
  fate: Record<string, Fate>;
  settled: Record<string, number>;
  /** What is running in each worker. */
  running: Record<string, number>;
  /** Whether a worker may tell the main thread, which sleeps, to look: one of them does. */
  mayWake: boolean;
  /** Those whose queue time was over when they were claimed. */
  expired: number[];
}

export type WindowSteps = Steps<WindowGhost>;

/** The windows in their memory, and the names of its cells. */
export class WindowSetting {
  readonly options: WindowModelOptions;
  readonly bell = new SharedArrayBuffer(4);
  readonly names: readonly string[];
  readonly windows: readonly Window[];
  readonly cells: Record<string, number> = { 'bell.0': 0 };
  readonly buffers: Map<ArrayBufferLike, string>;

  constructor(options: WindowModelOptions) {
    this.options = options;
    this.names = ['a', 'b', 'c'].slice(0, options.workers ?? 1);
    this.buffers = new Map([[this.bell as ArrayBufferLike, 'bell']]);
    this.windows = this.names.map((name) => this.#place(name));
  }

  byMessage(id: number): boolean {
    const { messages } = this.options;
    return messages === 'all arguments' || this.resultByMessage(id);
  }
  resultByMessage(id: number): boolean {
    return this.options.messages === true && id % 2 === 1;
  }
  /**
   * What names one sending of a request's arguments. A request that is taken back and sent to the same worker
   * again has two sendings on the way; by its id alone the first would be taken for the second, and the
   * second kept for ever.
   */
  sending(id: number, send: number): number {
    return this.options.error === 'finds arguments by request' ? id : send * 16 + id;
  }
  /** What a slot says. */
  slot(id: number, send: number | undefined): number {
    return (send ?? 0) * 16 + id;
  }
  inSlot(slot: number): { id: number; sending: number } {
    return { id: slot & 15, sending: this.sending(slot & 15, slot >> 4) };
  }
  /** What a completion's slot says of a request that has run, or was not run since it had expired. */
  completed(id: number): number {
    return id;
  }
  expired(id: number): number {
    return 16 + id;
  }
  inCompletion(word: number): { id: number; hasRun: boolean } {
    return { id: word & 15, hasRun: word < 16 };
  }
  /** The queue of a worker's port for arguments. */
  port(w: number): string {
    return `${this.names[w]} arguments`;
  }
  /** The cell of a request's slot. */
  request(w: number, position: number): string {
    return `${this.names[w]}.${this.windows[w]!.requestSlot(position)}`;
  }
  /** The cell of a completion's slot. */
  completion(w: number, position: number): string {
    return `${this.names[w]}.${this.windows[w]!.completionSlot(position)}`;
  }

  #place(name: string): Window {
    const { capacity, position: first } = this.options;
    const shared = new SharedArrayBuffer(windowBytes(capacity));
    const window = new this.options.Window(shared, this.bell, capacity);
    window.reset(first);
    const words = new Int32Array(shared);
    this.buffers.set(shared, name);
    for (const index of [0, 16, 22, 32, 49]) this.cells[`${name}.${index}`] = words[index]!;
    for (let position = 0; position < capacity; position++) {
      this.cells[`${name}.${window.requestSlot(position)}`] = 0;
      this.cells[`${name}.${window.completionSlot(position)}`] = 0;
    }
    return window;
  }
}
