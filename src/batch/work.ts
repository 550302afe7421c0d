/**
 * The parts of the input in progress, in order, with their states.
 *
 *     waiting ──→ running ──→ done ──→ written
 *        ↑           │  ↑
 *        │           ↓  │
 *        └──────── delayed        (a single failed line, until it is to be run again)
 *
 * A partly finished part is replaced by several: finished lines, the failed line, lines not yet run. So a
 * failure affects one item only.
 */

import type { Range } from './input/reader.js';
import type { SharedFile } from './input/shared-file.js';
import type { ChunkMemory } from './memory.js';

/** An item that failed without further retries. */
export interface Failure {
  /** Line within its part, from 0. */
  readonly line: number;
  /** Position of the line in its input. */
  readonly from: number;
  readonly to: number;
  /** The line as text. */
  readonly item: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

const NEXT_STATES = {
  waiting: ['running'],
  running: ['waiting', 'delayed', 'done'],
  delayed: ['waiting'],
  done: ['written'],
  written: [],
} as const;

export type PartState = keyof typeof NEXT_STATES;

/** Results of a part. */
export interface Done {
  readonly output: Buffer;
  readonly failures: readonly Failure[];
  readonly items: number;
}

const NOTHING: Done = { output: Buffer.alloc(0), failures: [], items: 0 };

export class Part {
  readonly range: Range;
  readonly from: number;
  readonly to: number;
  /** Setup of the threads, as JSON. */
  readonly setup: string;
  /** Input of the part; empty once it is done, and while it is in a file only. */
  bytes: Buffer;
  /** Where a thread is to read the input; held until the part has been run. */
  file: SharedFile | undefined;
  /** Memory that holds the input and is released with the part. */
  memory: ChunkMemory | undefined;
  /** Number of lines, once counted. */
  lines: number | undefined;
  /** Failed runs of its single line. */
  attempts = 0;
  /** Threads that died before its first line. */
  deaths = 0;
  done: Done = NOTHING;
  /** First part of its input. */
  isFirst = false;
  previous: Part | undefined;
  next: Part | undefined;
  #state: PartState = 'waiting';

  constructor(
    range: Range,
    from: number,
    bytes: Buffer,
    setup: string,
    memory?: ChunkMemory,
    length = bytes.length,
  ) {
    this.range = range;
    this.from = from;
    this.to = from + length;
    this.setup = setup;
    this.bytes = bytes;
    this.memory = memory;
  }

  /** Bytes of input. */
  get size(): number {
    return this.to - this.from;
  }

  get state(): PartState {
    return this.#state;
  }

  become(state: PartState): void {
    if (!(NEXT_STATES[this.#state] as readonly PartState[]).includes(state)) {
      throw new Error(`a part that is ${this.#state} cannot become ${state}`);
    }
    this.#state = state;
  }

  /** Its file is not needed any more. */
  releaseFile(): void {
    this.file?.release();
    this.file = undefined;
  }

  /** Creates one of the parts that replace this one. */
  slice(start: number, end: number, bytes: Buffer): Part {
    const part = new Part(this.range, this.from + start, bytes, this.setup, undefined, end - start);
    part.isFirst = this.isFirst && start === 0;
    return part;
  }

  /** Marks it as done. */
  finish(done: Done, lines: number): this {
    if (this.#state === 'waiting') this.become('running');
    this.become('done');
    this.done = done;
    this.lines = lines;
    this.bytes = NOTHING.output;
    return this;
  }

  isBefore(other: Part): boolean {
    if (this.range.source !== other.range.source) return this.range.source < other.range.source;
    return this.from < other.from;
  }
}

/** All parts from the first unwritten one, and a queue of the waiting ones. */
export class Work {
  first: Part | undefined;
  #last: Part | undefined;
  readonly #waiting: Part[] = [];

  /** Adds the next part of the input. */
  append(part: Part): void {
    part.previous = this.#last;
    if (this.#last === undefined) this.first = part;
    else this.#last.next = part;
    this.#last = part;
    if (part.state === 'waiting') this.#waiting.push(part);
  }

  /** Replaces a part by others; waiting ones are queued. */
  replace(part: Part, by: readonly Part[]): void {
    let { previous } = part;
    const { next } = part;
    for (const each of by) {
      each.previous = previous;
      if (previous === undefined) this.first = each;
      else previous.next = each;
      previous = each;
      if (each.state === 'waiting') this.wait(each);
    }
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
  }

  remove(part: Part): void {
    this.replace(part, []);
  }

  /** Queues a part. */
  wait(part: Part): void {
    const at = this.#waiting.findIndex((other) => part.isBefore(other));
    if (at < 0) this.#waiting.push(part);
    else this.#waiting.splice(at, 0, part);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Bytes of the waiting parts. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, part) => sum + part.size, 0);
  }

  /** The first waiting part. */
  peek(): Part | undefined {
    return this.#waiting[0];
  }

  take(): Part | undefined {
    return this.#waiting.shift();
  }

  /** Of those that will not be run any more. */
  releaseFiles(): void {
    for (const part of this.#waiting) part.releaseFile();
  }
}
