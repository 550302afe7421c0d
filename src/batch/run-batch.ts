/** One batch, from its options to its report: input, threads, output, failed items, journal. */
import { fstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Balancer } from '../balancer.js';
import { BatchError } from './errors.js';
import { mustHalt } from './halt.js';
import type { Range } from './input/reader.js';
import { changesOf, type Identity, identifyInput, identifyTask } from './journal/identity.js';
import { Journal } from './journal/journal.js';
import { type JournalState, readJournal } from './journal/state.js';
import { todoRanges } from './journal/todo.js';
import {
  type BatchOptions,
  type BatchProgress,
  type BatchSettings,
  batchSettings,
  type RunningBatch,
} from './options.js';
import { continuedFileSink, descriptorSink, replacedFileSink, type Sink } from './output/sink.js';
import { Results } from './results.js';
import { Runner } from './runner.js';
import type { Part } from './work.js';

/** What became of a batch. */
export interface BatchReport {
  /** `complete`: all items have been run. */
  readonly outcome: 'complete' | 'interrupted' | 'halted';
  /** Items of this run, with those that failed. */
  readonly items: number;
  readonly failed: number;
  /** Runs of items beyond their first. */
  readonly retried: number;
  /** Items, and failed ones, that the journal had before. */
  readonly before: { readonly items: number; readonly failed: number };
  /** Bytes of input and of output. */
  readonly bytes: number;
  readonly outputBytes: number;
  readonly seconds: number;
  /** What each thread did. */
  readonly shares: readonly { readonly items: number; readonly bytes: number }[];
}

/** Results that wait to be written, in bytes, before the threads have to wait as well. */
const MOST_UNWRITTEN = 16 * 1024 * 1024;

/**
 * Runs a function over the lines of files.
 *
 * Failures are failures of single items: they are counted, written to `errors`, and the batch goes on.
 * @returns when all is written
 * @throws InvalidOptionError; BatchError, where the batch cannot run or go on: files, a function that does not load, a journal that does not fit
 */
export async function runBatch(balancer: Balancer, options: BatchOptions): Promise<BatchReport> {
  const batch = new Batch(balancer, batchSettings(options));
  options.onStart?.(batch);
  return await batch.run(options.signal);
}

class Batch implements RunningBatch {
  readonly progress: BatchProgress;
  readonly #settings: BatchSettings;
  readonly #runner: Runner;
  readonly #results: Results;
  readonly #journal: Journal | undefined;
  readonly #state: JournalState | undefined;
  readonly #sinks: { output: Sink; errors: Sink | undefined };
  readonly #started = performance.now();
  readonly #shares = new Map<number, { items: number; bytes: number }>();
  #items = 0;
  #bytes = 0;
  #failed = 0;
  #outcome: BatchReport['outcome'] = 'complete';
  #end: () => void = () => {};
  #abandon: (error: unknown) => void = () => {};
  readonly #ended: Promise<void>;

  constructor(balancer: Balancer, settings: BatchSettings) {
    this.#settings = settings;
    this.#ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#abandon = reject;
    });
    const identity = settings.journal === undefined ? undefined : identityOf(settings);
    this.#state = identity === undefined ? undefined : formerState(settings, identity);
    this.#sinks = openSinks(settings, this.#state, () => this.#wrote());
    this.#journal = this.#openJournal(identity);
    const state = this.#state;
    // A pass over failed items that was interrupted goes on; one that is over is followed by the next.
    const isNewPass = startsPass(settings, state);
    const rangesOf = todoRanges(state, isNewPass);
    this.#runner = new Runner(
      balancer,
      settings,
      rangesOf && ((source: number): Range[] => rangesOf(source)),
      {
        done: (parts) => this.#done(parts),
        ran: (thread, items, bytes) => this.#ran(thread, items, bytes),
        isFull: () => this.#sinks.output.writer.waitingBytes > MOST_UNWRITTEN,
        ended: () => this.#end(),
        failed: (error) => this.#abandon(error),
      },
    );
    this.#results = new Results(settings, this.#runner.work, this.#runner.ends, this.#sinks, this.#journal);
    this.progress = this.#makeProgress();
  }

  async run(signal: AbortSignal | undefined): Promise<BatchReport> {
    const interrupt = () => {
      if (this.#outcome === 'complete') this.#outcome = 'interrupted';
      this.#runner.stop();
    };
    try {
      if (signal?.aborted) interrupt();
      else signal?.addEventListener('abort', interrupt);
      // Where the function does not load, chunks fail of it, too: whichever says so first.
      await Promise.all([this.#outcome === 'complete' ? this.#runner.start() : undefined, this.#ended]);
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
    this.#sinks.output.discard();
    this.#sinks.errors?.discard();
  }

  /** A file that is to be complete or not there at all is left out where the batch is not complete. */
  async #finishFiles(): Promise<void> {
    await this.#sinks.errors?.commit();
    if (this.#outcome === 'complete' || this.#settings.journal !== undefined)
      await this.#sinks.output.commit();
    else this.#sinks.output.discard();
  }

  #openJournal(identity: Identity | undefined): Journal | undefined {
    const { journal: path } = this.#settings;
    if (path === undefined || identity === undefined) return undefined;
    const journal = new Journal(path, this.#state, this.#sinks, (error) => this.#abandon(error));
    if (this.#state === undefined) journal.begin(identity);
    else if (startsPass(this.#settings, this.#state)) journal.retryFailed();
    else journal.resume();
    return journal;
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
    for (const part of parts) this.#failed += part.done.failures.length;
    const released = this.#results.write();
    if (this.#outcome === 'complete' && mustHalt(this.#settings.halt, this.#failed, this.#items)) {
      this.#outcome = 'halted';
      this.#runner.stop(this.#settings.halt?.when === 'now');
    }
    this.#runner.advance(released);
  }

  #ran(thread: number, items: number, bytes: number): void {
    this.#items += items;
    this.#bytes += bytes;
    const share = this.#shares.get(thread) ?? { items: 0, bytes: 0 };
    this.#shares.set(thread, { items: share.items + items, bytes: share.bytes + bytes });
  }

  #wrote(): void {
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
      retried: this.#runner.retried,
      before: { items: this.#state?.items ?? 0, failed: this.#state?.failed ?? 0 },
      bytes: this.#bytes,
      outputBytes: this.#sinks.output.writer.written,
      seconds: (performance.now() - this.#started) / 1000,
      shares: [...this.#shares].sort(([a], [b]) => a - b).map(([, share]) => share),
    };
  }
}

/** Whether failed items are to be run again, rather than that a pass over them goes on. */
function startsPass({ retryFailed }: BatchSettings, state: JournalState | undefined): boolean {
  return retryFailed && state !== undefined && (state.end === 'complete' || state.todo === undefined);
}

function identityOf(settings: BatchSettings): Identity {
  const { inputs, task, output, errors, format, separator, ordered, tag } = settings;
  return {
    task: identifyTask(task),
    settings: { format, separator: separator === 0 ? 'NUL' : 'newline', ordered, tag },
    inputs: inputs.map(identifyInput),
    output: typeof output === 'string' ? resolve(output) : `descriptor ${output}`,
    errors: errors === undefined ? undefined : resolve(errors),
  };
}

/** What the journal says, if it is to be gone on with. @throws BatchError */
function formerState(settings: BatchSettings, identity: Identity): JournalState | undefined {
  const path = settings.journal as string;
  const state = readJournal(path);
  if (state === undefined) {
    if (settings.retryFailed)
      throw new BatchError(`${path}: there is no journal whose failed items could be run again`);
    return undefined;
  }
  if (!settings.resume && !settings.retryFailed) {
    throw new BatchError(
      `${path}: this journal exists: add --resume to go on with it, or remove it to begin anew`,
    );
  }
  if (settings.retryFailed && state.todo === undefined && state.end !== 'complete') {
    throw new BatchError(
      `${path}: this batch is not complete: finish it with --resume before its failed items are run again`,
    );
  }
  const changes = changesOf(state.identity, identity);
  if (changes.length > 0 && !settings.force) {
    throw new BatchError(
      `${path}: since this journal began, ${changes.join('; ')} (--force goes on nevertheless)`,
    );
  }
  return state;
}

function openSinks(settings: BatchSettings, state: JournalState | undefined, changed: () => void) {
  const { output, errors, journal } = settings;
  const errorsBase = startsPass(settings, state) ? 0 : (state?.errors ?? 0);
  const open = (path: string, base: number) =>
    journal === undefined ? replacedFileSink(path, changed) : continuedFileSink(path, base, changed);
  const outputSink =
    typeof output === 'number' ? descriptorSink(output, changed) : open(output, state?.output ?? 0);
  return { output: outputSink, errors: errors === undefined ? undefined : open(errors, errorsBase) };
}

/** Of what cannot be looked at is said when it is to be read. */
function sizeOf(input: BatchSettings['inputs'][number]): number | undefined {
  if (typeof input !== 'string' || /\.(?:gz|zst)$/.test(input)) return undefined;
  try {
    const stats = input === '-' ? fstatSync(0) : statSync(input);
    return stats.isFile() ? stats.size : undefined;
  } catch {
    return undefined;
  }
}

function plus(sum: number | undefined, size: number | undefined): number | undefined {
  return sum === undefined || size === undefined ? undefined : sum + size;
}
