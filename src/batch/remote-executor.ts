/**
 * Runs chunks on other machines. Lines become items here, and texts become lines here; all chunks feed one
 * map, which decides how many items travel together. A chunk is done when all its items are.
 */
import { requireOptional } from '../errors/optional-package.js';
import type { MapOutcome } from '../options/outcome.js';
import { type ParseCsv, recordParser } from './csv-parser.js';
import type { Executor } from './executor.js';
import type { Format, ThreadSetup } from './layout.js';
import type { ChunkMemory } from './memory.js';
import type { BatchOptions } from './options.js';
import type { TextMapper, Texts } from './remote.js';
import { RemoteRun } from './remote-run.js';
import type { Run } from './settle.js';
import type { Part } from './work.js';

/**
 * Size of a chunk: what is done is written, and recorded in the journal, chunk by chunk, so that one of slow
 * items must not hold many.
 */
const CHUNK_BYTES = 2 * 1024;
/** Chunks that wait to be taken by the map. */
const MOST_QUEUED = 4;
/** Of which items are under way, or that wait for an earlier one. */
const MOST_OPEN = 4_096;

type Outcome = MapOutcome<unknown, Texts>;

export class RemoteExecutor implements Executor {
  readonly #mapper: TextMapper;
  readonly #task: BatchOptions['task'];
  readonly #timeout: number;
  readonly #onHungry: () => void;
  readonly #parseCsv: ParseCsv | undefined;
  readonly #setups = new Map<string, ThreadSetup>();
  /** Runs whose items have not all been taken. */
  readonly #queue: RemoteRun[] = [];
  readonly #open = new Set<RemoteRun>();
  /** By the index of the item: its run, and its place there. */
  readonly #taken = new Map<number, readonly [run: RemoteRun, call: number]>();
  readonly #controller = new AbortController();
  #count = 0;
  #isMapping = false;
  #isClosed = false;
  #tellStopped: () => void = () => {};
  readonly #stopped = new Promise<void>((resolve) => {
    this.#tellStopped = resolve;
  });
  #failure: { readonly error: unknown } | undefined;
  /** The map waits for an item. */
  #waiting: ((result: IteratorResult<unknown>) => void) | undefined;

  /**
   * @param onHungry called when there is room for chunks
   * @throws LocalOnlyError, NotAFunctionError
   */
  constructor(
    mapper: TextMapper,
    task: BatchOptions['task'],
    { timeout, format }: { readonly timeout: number; readonly format: Format },
    onHungry: () => void,
  ) {
    mapper.mustBeRemote(task);
    this.#mapper = mapper;
    this.#task = task;
    this.#timeout = timeout;
    this.#onHungry = onHungry;
    if (format !== 'csv') return;
    const { parse } = requireOptional('csv-parse/sync', 'CSV input') as typeof import('csv-parse/sync');
    this.#parseCsv = recordParser(parse);
  }

  prepare(): Promise<unknown> {
    // Also for a batch without items, unless that is to be stopped.
    return Promise.race([this.#mapper.served(this.#task), this.#stopped]);
  }

  wants(running: number): boolean {
    return this.#queue.length < MOST_QUEUED && running < MOST_OPEN;
  }

  readonly readsFiles = false;

  sizeOf(): number {
    return CHUNK_BYTES;
  }

  run(part: Part, memory: ChunkMemory): Promise<Run> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure.error);
        return;
      }
      const run = new RemoteRun(part, memory, this.#setupOf(part), this.#parseCsv, this.#timeout, {
        resolve: (done) => {
          this.#open.delete(run);
          resolve(done);
        },
        reject,
      });
      this.#open.add(run);
      this.#queue.push(run);
      if (!this.#isMapping) {
        this.#isMapping = true;
        void this.#map();
      }
      this.#feed();
    });
  }

  ran(): void {}

  look(): void {}

  stop(now: boolean): void {
    this.#tellStopped();
    for (const run of this.#queue.splice(0)) run.takeNoMore();
    if (now) this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting?.({ done: true, value: undefined });
    // Nothing is under way but what is of no interest any more.
    this.#controller.abort(new Error('the batch has ended'));
  }

  #setupOf({ setup }: Part): ThreadSetup {
    let parsed = this.#setups.get(setup);
    if (parsed === undefined) {
      parsed = JSON.parse(setup) as ThreadSetup;
      this.#setups.set(setup, parsed);
    }
    return parsed;
  }

  async #map(): Promise<void> {
    const source: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => ({
        next: () => this.#next(),
        return: async () => ({ done: true, value: undefined }),
      }),
    };
    try {
      const options = { timeout: this.#timeout, signal: this.#controller.signal };
      for await (const outcome of this.#mapper.map(source, this.#task, options)) this.#settled(outcome);
    } catch (error) {
      if (this.#isClosed) return;
      this.#failure = { error };
      for (const run of this.#open) run.fail(error);
    }
  }

  #settled(outcome: Outcome): void {
    const [run, call] = this.#taken.get(outcome.index) as readonly [RemoteRun, number];
    this.#taken.delete(outcome.index);
    run.settled(call, outcome);
  }

  /** The map asks for an item. */
  #next(): Promise<IteratorResult<unknown>> {
    if (this.#isClosed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#feed();
    });
  }

  /** Gives the map an item, if it waits for one and there is one. */
  #feed(): void {
    const give = this.#waiting;
    if (give === undefined) return;
    for (let run = this.#queue[0]; run !== undefined; run = this.#queue[0]) {
      const call = run.take();
      if (call !== undefined) {
        this.#waiting = undefined;
        this.#taken.set(this.#count++, [run, call.index]);
        give({ done: false, value: call.item });
        return;
      }
      this.#queue.shift();
      run.takeNoMore();
      // Not within the run of another chunk, which its runner is just beginning.
      queueMicrotask(this.#onHungry);
    }
  }
}
