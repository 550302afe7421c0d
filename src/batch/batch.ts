/** One batch that runs: input, threads, output, failed items, journal. */
import { fstatSync, statSync } from 'node:fs';
import { performance } from '../protocol/clock.js';
import { type BatchFiles, discard, startsPass } from './beginning.js';
import { isCompressed } from './compression.js';
import type { Executor } from './executor.js';
import { mustHalt } from './halt.js';
import type { Range } from './input/reader.js';
import { positionOfStdin } from './input/standard-input.js';
import type { Identity } from './journal/identity.js';
import { Journal } from './journal/journal.js';
import type { JournalState } from './journal/state.js';
import { todoRanges } from './journal/todo.js';
import { NO_WORKER } from './layout.js';
import type { BatchProgress, BatchSettings, RunningBatch } from './options.js';
import { type FirstFailure, Results } from './results.js';
import { Runner } from './runner.js';
import type { Part } from './work.js';

/** What became of a batch. */
export interface BatchReport {
  /** `complete`: all items have been run. */
  readonly outcome: 'complete' | 'interrupted' | 'halted';
  /** Items of this run, with those that failed. */
  readonly items: number;
  readonly failed: number;
  /** The first one of these, in the order of the output. */
  readonly firstFailure: FirstFailure | undefined;
  /** Runs of items beyond their first. */
  readonly retried: number;
  /** Items, and failed ones, that the journal had before. */
  readonly before: { readonly items: number; readonly failed: number };
  /** Bytes of input and of output. */
  readonly bytes: number;
  readonly outputBytes: number;
  readonly seconds: number;
  /** What each worker did, the threads that had its place one after the other together; empty for a Cluster. */
  readonly shares: readonly { readonly items: number; readonly bytes: number }[];
}

/** Results that wait to be written, in bytes, before the threads have to wait as well. */
const MOST_UNWRITTEN = 16 * 1024 * 1024;

export class Batch implements RunningBatch {
  readonly progress: BatchProgress;
  readonly #settings: BatchSettings;
  readonly #runner: Runner;
  readonly #results: Results;
  readonly #journal: Journal | undefined;
  readonly #state: JournalState | undefined;
  readonly #files: BatchFiles;
  readonly #sinks: BatchFiles['sinks'];
  readonly #started = performance.now();
  readonly #shares = new Map<number, { items: number; bytes: number }>();
  #items = 0;
  #bytes = 0;
  #failed = 0;
  #hasBegun = false;
  #outcome: BatchReport['outcome'] = 'complete';
  #end: () => void = () => {};
  #abandon: (error: unknown) => void = () => {};
  readonly #ended: Promise<void>;

  constructor(executor: Executor, settings: BatchSettings, files: BatchFiles) {
    this.#settings = settings;
    this.#ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#abandon = reject;
    });
    this.#state = files.state;
    this.#files = files;
    this.#sinks = files.sinks;
    this.#journal = this.#openJournal();
    const state = this.#state;
    // An interrupted pass over failed items is continued; a finished one is followed by the next.
    const isNewPass = startsPass(settings, state);
    const rangesOf = todoRanges(state, isNewPass);
    this.#runner = new Runner(
      executor,
      settings,
      rangesOf && ((source: number): Range[] => rangesOf(source)),
      {
        done: (parts) => this.#done(parts),
        ran: (worker, items, bytes) => this.#ran(worker, items, bytes),
        isFull: () => this.#sinks.output.writer.waitingBytes > MOST_UNWRITTEN,
        ended: () => this.#end(),
        failed: (error) => this.#abandon(error),
      },
    );
    this.#results = new Results(settings, this.#runner.work, this.#runner.ends, this.#sinks, this.#journal);
    this.progress = this.#makeProgress();
  }

  /** There is room for chunks. */
  pump(): void {
    this.#runner.pump();
  }

  async run(signal: AbortSignal | undefined): Promise<BatchReport> {
    const interrupt = () => {
      if (this.#outcome === 'complete') this.#outcome = 'interrupted';
      this.#runner.stop();
    };
    try {
      if (signal?.aborted) interrupt();
      else signal?.addEventListener('abort', interrupt);
      // A function that does not load rejects both: the first rejection counts.
      await Promise.all([this.#outcome === 'complete' ? this.#runner.start() : undefined, this.#ended]);
      this.#begin();
      this.#results.write();
      await this.#sinks.output.writer.flush();
      await this.#sinks.errors?.writer.flush();
      await this.#journal?.end(this.#outcome);
      await this.#finishFiles();
    } catch (error) {
      this.#runner.stop(true);
      await this.#journal?.abandon();
      this.discard();
      throw error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
    return this.#report();
  }

  discard(): void {
    discard(this.#sinks);
  }

  /** Without a journal, the output of an incomplete batch is discarded: the file is complete or absent. */
  async #finishFiles(): Promise<void> {
    await this.#sinks.errors?.commit();
    if (this.#outcome === 'complete' || this.#settings.journal !== undefined)
      await this.#sinks.output.commit();
    else this.#sinks.output.discard();
  }

  #openJournal(): Journal | undefined {
    const { journal: path } = this.#settings;
    if (path === undefined) return undefined;
    return new Journal(path, this.#state, this.#sinks, (error) => this.#abandon(error));
  }

  /** With the first results: a function that does not load leaves all files as they were. */
  #begin(): void {
    if (this.#hasBegun) return;
    const { identity, isChanged } = this.#files;
    const changed = isChanged ? identity : undefined;
    if (this.#state === undefined) this.#journal?.begin(identity as Identity);
    else if (startsPass(this.#settings, this.#state)) this.#journal?.retryFailed(changed);
    else this.#journal?.resume(changed);
    // After its record, by which a kill in between is gone on from.
    this.#sinks.output.start();
    this.#sinks.errors?.start();
    this.#hasBegun = true;
  }

  #makeProgress(): BatchProgress {
    const total = this.#settings.inputs.map(sizeOf).reduce(plus, 0);
    const before = this.#state?.done.reduce((sum, { from, to }) => sum + to - from, 0) ?? 0;
    const totalBytes = total === undefined || this.#settings.retryFailed ? undefined : total - before;
    const batch = this;
    return {
      get items() {
        return batch.#items;
      },
      get failed() {
        return batch.#failed;
      },
      get retried() {
        return batch.#runner.retried;
      },
      get bytes() {
        return batch.#bytes;
      },
      totalBytes,
    };
  }

  #done(parts: readonly Part[]): void {
    try {
      this.#begin();
    } catch (error) {
      this.#abandon(error);
      return;
    }
    for (const part of parts) this.#failed += part.done.failures.length;
    const released = this.#results.write();
    if (this.#outcome === 'complete' && mustHalt(this.#settings.halt, this.#failed, this.#items)) {
      this.#outcome = 'halted';
      this.#runner.stop(this.#settings.halt?.when === 'now');
    }
    this.#runner.advance(released);
  }

  #ran(worker: number, items: number, bytes: number): void {
    this.#items += items;
    this.#bytes += bytes;
    if (worker === NO_WORKER) return;
    const share = this.#shares.get(worker) ?? { items: 0, bytes: 0 };
    this.#shares.set(worker, { items: share.items + items, bytes: share.bytes + bytes });
  }

  /** Output has been written, or could not be. */
  wrote(): void {
    try {
      this.#sinks.output.writer.check();
      this.#sinks.errors?.writer.check();
      this.#runner.advance(0);
    } catch (error) {
      this.#abandon(error);
    }
  }

  #report(): BatchReport {
    return {
      outcome: this.#outcome,
      items: this.#items,
      failed: this.#failed,
      firstFailure: this.#results.firstFailure,
      retried: this.#runner.retried,
      before: { items: this.#state?.items ?? 0, failed: this.#state?.failed ?? 0 },
      bytes: this.#bytes,
      outputBytes: this.#sinks.output.writer.written,
      seconds: (performance.now() - this.#started) / 1000,
      shares: [...this.#shares].sort(([a], [b]) => a - b).map(([, share]) => share),
    };
  }
}

/** Of what cannot be looked at is said when it is to be read. */
function sizeOf(input: BatchSettings['inputs'][number]): number | undefined {
  if (typeof input !== 'string' || isCompressed(input)) return undefined;
  try {
    const stats = input === '-' ? fstatSync(0) : statSync(input);
    if (!stats.isFile()) return undefined;
    return input === '-' ? Math.max(0, stats.size - (positionOfStdin() ?? 0)) : stats.size;
  } catch {
    return undefined;
  }
}

function plus(sum: number | undefined, size: number | undefined): number | undefined {
  return sum === undefined || size === undefined ? undefined : sum + size;
}
