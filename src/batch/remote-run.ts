/** One chunk whose items run elsewhere: what is to be sent, and what has become of it. */
import { TaskTimeoutError, WorkerCrashedError } from '../errors/errors.js';
import type { MapOutcome } from '../options/outcome.js';
import type { ParseCsv } from './csv-parser.js';
import { crashError, timeoutError } from './item-error.js';
import { field, HEADER_BYTES, NO_WORKER, type Overflow, type ThreadSetup } from './layout.js';
import { type ChunkMemory, newMemory } from './memory.js';
import type { Texts } from './remote.js';
import { type Run, UNEVENTFUL } from './settle.js';
import { ChunkRun } from './thread/chunk-run.js';
import { type Items, itemsOf } from './thread/items.js';
import type { Part } from './work.js';

type Outcome = MapOutcome<unknown, Texts>;

export class RemoteRun {
  readonly #part: Part;
  readonly #memory: ChunkMemory;
  readonly #setup: ThreadSetup;
  readonly #parseCsv: ParseCsv | undefined;
  readonly #timeout: number;
  readonly #end: { resolve(run: Run): void; reject(error: unknown): void };
  readonly #items: Items;
  /** Of the items that were taken, in order. */
  readonly #outcomes: (Outcome | undefined)[] = [];
  /** Lines that were looked at: blank ones, and those that cannot be parsed, too. */
  #lines = 0;
  #left = 0;
  #isTaken = false;
  #isEnded = false;

  constructor(
    part: Part,
    memory: ChunkMemory,
    setup: ThreadSetup,
    parseCsv: ParseCsv | undefined,
    timeout: number,
    end: { resolve(run: Run): void; reject(error: unknown): void },
  ) {
    this.#part = part;
    this.#memory = memory;
    this.#setup = setup;
    this.#parseCsv = parseCsv;
    this.#timeout = timeout;
    this.#end = end;
    this.#items = itemsOf(setup, part.bytes, parseCsv);
  }

  /** The next item to be sent, and its place here; `undefined` at the end. */
  take(): { readonly item: unknown; readonly index: number } | undefined {
    while (this.#items.next()) {
      this.#lines++;
      if (this.#items.isBlank()) continue;
      let item: unknown;
      try {
        item = this.#items.value();
      } catch {
        // It fails again where its outcome is written.
        continue;
      }
      this.#left++;
      return { item, index: this.#outcomes.push(undefined) - 1 };
    }
    return undefined;
  }

  /** The items that were not taken stay as they are. */
  takeNoMore(): void {
    this.#isTaken = true;
    this.#endIfOver();
  }

  settled(index: number, outcome: Outcome): void {
    this.#outcomes[index] = outcome;
    this.#left--;
    this.#endIfOver();
  }

  fail(error: unknown): void {
    this.#isEnded = true;
    this.#end.reject(error);
  }

  #endIfOver(): void {
    if (!this.#isTaken || this.#left > 0 || this.#isEnded) return;
    this.#isEnded = true;
    try {
      this.#end.resolve(this.#written());
    } catch (error) {
      this.#end.reject(error);
    }
  }

  /** The chunk as if it had been run here: the function gives what has come from elsewhere. */
  #written(): Run {
    const part = this.#part;
    const { length } = part.bytes;
    for (let memory = this.#memory; ; memory = this.#larger(memory)) {
      let call = 0;
      const outcomeOf = (): Texts => {
        const outcome = this.#outcomes[call++] as Outcome;
        if (outcome.status === 'fulfilled') return outcome.value;
        throw this.#shown(outcome.reason);
      };
      const limits = { ms: Number.POSITIVE_INFINITY, lines: this.#lines };
      // It was told to begin no further item, perhaps; these have run.
      memory.header[field.stop] = 0;
      const run = new ChunkRun(
        NO_WORKER,
        this.#setup,
        outcomeOf,
        memory.shared,
        length,
        this.#parseCsv,
        limits,
      );
      // Texts are no promises.
      const overflow = run.run() as Overflow | undefined;
      if (overflow !== undefined) continue;
      return { part, memory, inputBytes: length, ...UNEVENTFUL };
    }
  }

  /** Memory with more room for results, and the same input. */
  #larger({ bytes }: ChunkMemory): ChunkMemory {
    const part = this.#part;
    const { length } = part.bytes;
    const memory = newMemory(bytes.length * 2);
    const input = memory.bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
    part.bytes.copy(input);
    part.bytes = input;
    return memory;
  }

  /** Errors that a batch tells in its own words. */
  #shown(reason: unknown): unknown {
    if (reason instanceof TaskTimeoutError && this.#timeout > 0) return timeoutError(this.#timeout);
    return reason instanceof WorkerCrashedError ? crashError(reason) : reason;
  }
}
