/**
 * Runs the parts of the input where the executor has them run: on threads, or on other machines.
 *
 *     input ─→ Supply ─→ Work (parts, in order) ─→ Executor ─→ settle ─→ Work ─→ written
 *                             ↑                                         │
 *                             └── not run yet, to be run again ─────────┘
 *
 * The main thread moves bytes and positions only, of plain files positions alone. Reading pauses while too much
 * input or output is held in memory.
 */

import { clearTimeout, setTimeout } from '../protocol/timers.js';
import type { Executor } from './executor.js';
import { type LineEnds, lineEnds } from './input/line-ends.js';
import type { ReaderOptions } from './input/reader.js';
import type { SharedFile } from './input/shared-file.js';
import { field, HEADER_BYTES, resetHeader } from './layout.js';
import { type ChunkMemory, MemoryPool } from './memory.js';
import type { BatchSettings } from './options.js';
import { retryDelay } from './retry.js';
import { isWhole, type Run, settle } from './settle.js';
import { Supply } from './supply.js';
import { type Part, Work } from './work.js';

/** Most bytes of input and results in memory before reading pauses. */
const MOST_HELD = 64 * 1024 * 1024;

/** Callbacks of the runner. */
export interface RunnerEvents {
  /** Parts are finished: some may be writable. */
  done(parts: readonly Part[]): void;
  /** A chunk has come back. */
  ran(worker: number, items: number, bytes: number): void;
  /** Whether writing lags behind. */
  isFull(): boolean;
  /** All work is finished, or stopped. */
  ended(): void;
  failed(error: unknown): void;
}

export class Runner {
  readonly work = new Work();
  readonly ends: LineEnds;
  readonly #executor: Executor;
  readonly #settings: BatchSettings;
  readonly #events: RunnerEvents;
  readonly #pool = new MemoryPool();
  readonly #supply: Supply;
  readonly #running = new Map<Part, ChunkMemory>();
  readonly #delays = new Set<NodeJS.Timeout>();
  #held = 0;
  #retried = 0;
  #isStopped = false;
  #isOver = false;

  constructor(
    executor: Executor,
    settings: BatchSettings,
    rangesOf: ReaderOptions['rangesOf'],
    events: RunnerEvents,
  ) {
    this.#executor = executor;
    this.#settings = settings;
    this.#events = events;
    this.ends = lineEnds(settings.format, settings.separator);
    this.#supply = new Supply(this.work, this.ends, executor, this.#pool, settings, rangesOf);
  }

  /** Runs of items beyond their first. */
  get retried(): number {
    return this.#retried;
  }

  /** Starts. Rejects if the function cannot be loaded. */
  async start(): Promise<void> {
    this.pump();
    await this.#executor.prepare(this.#supply.setup);
  }

  /** Starts no further items. With `now`, running items are abandoned. */
  stop(now = false): void {
    this.#isStopped = true;
    for (const timer of this.#delays) clearTimeout(timer);
    this.#delays.clear();
    for (const { header } of this.#running.values()) Atomics.store(header, field.stop, 1);
    this.#executor.stop(now);
    if (now) this.#running.clear();
    this.#endIfOver();
  }

  /** Continues after output has been written. */
  advance(released: number): void {
    this.#held -= released;
    this.pump();
  }

  /** Hands out work where it is wanted, and reads more. */
  pump(): void {
    if (this.#isOver) return;
    while (!this.#isStopped && this.#executor.wants(this.#running.size)) {
      const next = this.work.peek();
      if (next === undefined) break;
      // The first part always runs: the others wait for it.
      if (next !== this.work.first && (this.#held > MOST_HELD || this.#events.isFull())) break;
      this.#run(this.#supply.take());
    }
    this.#read();
    this.#endIfOver();
  }

  #run(part: Part): void {
    const memory = this.#place(part);
    part.become('running');
    if (part.attempts > 0) this.#retried++;
    this.#running.set(part, memory);
    this.#executor.run(part, memory).then(
      (run) => this.#returned(run),
      (error) => {
        part.releaseFile();
        this.#fail(error);
      },
    );
  }

  /** Memory to run the part from: its own, if its bytes are at the beginning there; otherwise a copy. */
  #place(part: Part): ChunkMemory {
    const { bytes, memory } = part;
    part.memory = undefined;
    if (part.file !== undefined) return this.#pool.takeRoom(part.size);
    if (memory !== undefined && bytes.byteOffset === HEADER_BYTES) {
      resetHeader(memory.header);
      return memory;
    }
    const fresh = this.#pool.take(bytes.length);
    part.bytes = fresh.bytes.subarray(HEADER_BYTES, HEADER_BYTES + bytes.length);
    bytes.copy(part.bytes);
    if (memory !== undefined) this.#pool.give(memory);
    return fresh;
  }

  #returned(run: Run): void {
    const { part, memory } = run;
    if (this.#isOver || !this.#running.has(part)) {
      // Abandoned by a halt.
      part.releaseFile();
      return;
    }
    if (run.isWithdrawn) {
      this.#running.delete(part);
      part.releaseFile();
      this.#endIfOver();
      return;
    }
    if (part.file !== undefined && !isWhole(run)) {
      this.#readIn(part, part.file).then(
        () => this.#returned(run),
        (error) => this.#fail(error),
      );
      return;
    }
    this.#running.delete(part);
    part.releaseFile();
    const { length } = part.bytes;
    if (run.overflow !== undefined) this.#pool.enlarge();
    let parts: Part[];
    try {
      parts = settle(run, { ends: this.ends, retries: this.#settings.retry.attempts - 1 });
    } catch (error) {
      this.#fail(error);
      return;
    }
    // A thread that is being ended may still write to its memory, so that is not reused.
    if (run.killed === undefined) this.#pool.give(memory);
    this.work.replace(part, parts);
    const done = parts.filter(({ state }) => state === 'done');
    let doneBytes = 0;
    let items = 0;
    this.#held -= length;
    for (const each of parts) {
      if (each.state === 'done') {
        doneBytes += each.to - each.from;
        items += each.done.items;
        this.#held += each.done.output.length;
      } else {
        this.#held += each.bytes.length;
        if (each.state === 'delayed') this.#delay(each);
      }
    }
    this.#executor.ran(doneBytes, memory);
    this.#events.ran(memory.header[field.worker] as number, items, doneBytes);
    this.#events.done(done);
    this.pump();
  }

  /** The lines are looked at one by one: some have failed, or are to be run again. */
  async #readIn(part: Part, file: SharedFile): Promise<void> {
    try {
      part.bytes = await file.readAll(part.from, part.to);
      this.#held += part.bytes.length;
    } finally {
      part.releaseFile();
    }
  }

  /** Schedules a retry; no worker waits for it. */
  #delay(part: Part): void {
    if (this.#isStopped) return;
    const timer = setTimeout(
      () => {
        this.#delays.delete(timer);
        part.become('waiting');
        this.work.wait(part);
        this.pump();
      },
      retryDelay(part.attempts, this.#settings.retry, Math.random),
    );
    this.#delays.add(timer);
  }

  #read(): void {
    if (this.#isStopped || this.#isOver || !this.#supply.isWanted) return;
    if (this.#held > MOST_HELD || this.#events.isFull()) return;
    this.#supply.read().then(
      (bytes) => {
        this.#held += bytes;
        this.pump();
      },
      (error) => this.#fail(error),
    );
  }

  #endIfOver(): void {
    if (this.#isOver || this.#running.size > 0) return;
    const isThrough = this.#supply.hasEnded && this.work.waiting === 0 && this.#delays.size === 0;
    if (!isThrough && !this.#isStopped) return;
    this.#isOver = true;
    this.#close();
    this.#events.ended();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stop(true);
    this.#close();
    this.#events.failed(error);
  }

  #close(): void {
    this.#supply.close();
    this.#executor.close();
  }
}
