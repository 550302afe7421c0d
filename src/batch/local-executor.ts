/** Runs chunks on the threads of a Balancer. */
import type { Balancer } from '../balancer.js';
import { WorkerCrashedError } from '../errors/errors.js';
import { performance } from '../protocol/clock.js';
import { called, tasks } from '../tasks/handles.js';
import { workerFile } from '../worker-entry.js';
import { ChunkSize } from './chunk-size.js';
import type { Executor } from './executor.js';
import { crashError, type ItemError, timeoutError } from './item-error.js';
import { field } from './layout.js';
import type { ChunkMemory } from './memory.js';
import { type Run, UNEVENTFUL } from './settle.js';
import { inSharedMemory } from './setup-memory.js';
import { Timeouts } from './timeouts.js';
import type { Part } from './work.js';

/** Chunks in flight per worker. With all cores busy, the main thread may take some ms to get its turn. */
const CHUNKS_PER_WORKER = 3;

/** How often it is looked whether the pool has grown, in ms: that takes longer than all else about a chunk. */
const LOOK_MS = 100;

/** Why a chunk is taken back when no further item is to begin. */
const NOT_BEGUN = new Error('the batch begins no further item');

type ChunkTask = typeof import('./chunk-task.js');

export class LocalExecutor implements Executor {
  readonly readsFiles = true;
  readonly #balancer: Balancer;
  readonly #prepare: ChunkTask['prepare'];
  readonly #runChunk: ChunkTask['runChunk'];
  readonly #timeout: number;
  readonly #timeouts: Timeouts;
  readonly #concurrency: number | undefined;
  readonly #size = new ChunkSize();
  readonly #running = new Map<AbortController, Int32Array>();
  #setup: { readonly text: string; readonly shared: SharedArrayBuffer } | undefined;
  #workers = 1;
  #looked = Number.NEGATIVE_INFINITY;
  #tellStopped: () => void = () => {};
  readonly #stopped = new Promise<void>((resolve) => {
    this.#tellStopped = resolve;
  });

  /** @param name of the function that is called for each item. Chunks are seen under it */
  constructor(balancer: Balancer, timeout: number, concurrency: number | undefined, name: string) {
    const { prepare, runChunk } = tasks<ChunkTask>(workerFile('chunk-task.cjs'));
    this.#prepare = prepare;
    this.#runChunk = called(runChunk, name);
    this.#balancer = balancer;
    this.#timeout = timeout;
    this.#timeouts = new Timeouts(timeout);
    this.#concurrency = concurrency;
    this.look();
  }

  prepare(setup: string): Promise<unknown> {
    // A module that never loads does not hold up the end.
    return Promise.race([this.#balancer.submit(this.#prepare, [setup]), this.#stopped]);
  }

  wants(running: number): boolean {
    return running < (this.#concurrency ?? this.#workers * CHUNKS_PER_WORKER);
  }

  sizeOf(left: number | undefined, most: number): number {
    return this.#size.next(left, this.#workers, most);
  }

  run(part: Part, memory: ChunkMemory): Promise<Run> {
    const controller = new AbortController();
    this.#running.set(controller, memory.header);
    const { file, from, to } = part;
    const inputBytes = file === undefined ? part.bytes.length : 0;
    const setup = this.#setupOf(part.setup);
    const descriptor = file?.descriptor ?? -1;
    const args: Parameters<ChunkTask['runChunk']> = [setup, memory.shared, inputBytes, descriptor, from, to];
    const run: Run = { part, memory, inputBytes, ...UNEVENTFUL };
    let killed: ItemError | undefined;
    let isTimeout = false;
    const unwatch = this.#timeouts.watch(memory.header, () => {
      killed = timeoutError(this.#timeout);
      isTimeout = true;
      Atomics.store(memory.header, field.stop, 1);
      controller.abort(new Error(killed.message));
    });
    const end = (): void => {
      unwatch();
      this.#running.delete(controller);
    };
    return this.#balancer.submit(this.#runChunk, args, { signal: controller.signal }).then(
      (overflow) => {
        end();
        return { ...run, overflow };
      },
      (error) => {
        end();
        if (error === NOT_BEGUN) return { ...run, isWithdrawn: true };
        killed ??= error instanceof WorkerCrashedError ? crashError(error) : undefined;
        if (killed === undefined) throw error;
        return { ...run, killed, isTimeout };
      },
    );
  }

  /** Parts that follow each other have the same one. */
  #setupOf(text: string): SharedArrayBuffer {
    if (this.#setup?.text !== text) this.#setup = { text, shared: inSharedMemory(text) };
    return this.#setup.shared;
  }

  ran(bytes: number, { header }: ChunkMemory): void {
    this.#size.ran(bytes, (header[field.time] as number) / 1000);
  }

  /** The pool may have grown. */
  look(): void {
    const now = performance.now();
    if (now - this.#looked < LOOK_MS) return;
    this.#looked = now;
    this.#workers = Math.max(1, this.#balancer.stats().workers.length);
  }

  stop(now: boolean): void {
    this.#tellStopped();
    for (const [controller, header] of this.#running) {
      if (now) controller.abort(new Error('the batch was halted'));
      // A module that never loads does not hold up the end here, either.
      else if (Atomics.load(header, field.worker) === 0) controller.abort(NOT_BEGUN);
    }
  }

  close(): void {}
}
