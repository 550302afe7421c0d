/** Runs chunks on the threads of a Balancer. */
import type { Balancer } from '../balancer.js';
import { WorkerCrashedError } from '../errors/errors.js';
import { tasks } from '../tasks/handles.js';
import { workerFile } from '../worker-entry.js';
import { ChunkSize } from './chunk-size.js';
import type { Executor } from './executor.js';
import { PIECE_BYTES } from './input/reader.js';
import { crashError, type ItemError, timeoutError } from './item-error.js';
import { field } from './layout.js';
import type { ChunkMemory } from './memory.js';
import type { Run } from './settle.js';
import { Timeouts } from './timeouts.js';
import type { Part } from './work.js';

/** Chunks in flight per worker. With all cores busy, the main thread may take some ms to get its turn. */
const CHUNKS_PER_WORKER = 3;

export class LocalExecutor implements Executor {
  readonly #balancer: Balancer;
  readonly #task = tasks<typeof import('./chunk-task.js')>(workerFile('chunk-task.mjs'));
  readonly #timeout: number;
  readonly #timeouts: Timeouts;
  readonly #concurrency: number | undefined;
  readonly #size = new ChunkSize(PIECE_BYTES);
  readonly #running = new Set<AbortController>();
  #workers = 1;

  constructor(balancer: Balancer, timeout: number, concurrency: number | undefined) {
    this.#balancer = balancer;
    this.#timeout = timeout;
    this.#timeouts = new Timeouts(timeout);
    this.#concurrency = concurrency;
    this.look();
  }

  prepare(setup: string): Promise<unknown> {
    return this.#balancer.submit(this.#task.prepare, [setup]);
  }

  wants(running: number): boolean {
    return running < (this.#concurrency ?? this.#workers * CHUNKS_PER_WORKER);
  }

  sizeOf(left: number | undefined): number {
    return this.#size.next(left, this.#workers);
  }

  run(part: Part, memory: ChunkMemory): Promise<Run> {
    const controller = new AbortController();
    this.#running.add(controller);
    const args: [string, SharedArrayBuffer, number] = [part.setup, memory.shared, part.bytes.length];
    let killed: ItemError | undefined;
    const unwatch = this.#timeouts.watch(memory.header, () => {
      killed = timeoutError(this.#timeout);
      Atomics.store(memory.header, field.stop, 1);
      controller.abort(new Error(killed.message));
    });
    const end = (): void => {
      unwatch();
      this.#running.delete(controller);
    };
    return this.#balancer.submit(this.#task.runChunk, args, { signal: controller.signal }).then(
      (overflow) => {
        end();
        return { part, memory, overflow };
      },
      (error) => {
        end();
        killed ??= error instanceof WorkerCrashedError ? crashError(error) : undefined;
        if (killed === undefined) throw error;
        return { part, memory, killed };
      },
    );
  }

  ran(bytes: number, { header }: ChunkMemory): void {
    this.#size.ran(bytes, (header[field.time] as number) / 1000);
  }

  /** The pool may have grown. */
  look(): void {
    this.#workers = Math.max(1, this.#balancer.stats().workers.length);
  }

  stop(now: boolean): void {
    if (now) for (const controller of this.#running) controller.abort(new Error('the batch was halted'));
  }

  close(): void {}
}
