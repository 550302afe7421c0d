/**
 * Writes the journal of a batch.
 *
 * A commit covers durable data only: first the output and the failed items are synchronised to the disk, then
 * the commit is appended and synchronised. Commits run beside the work, one at a time, every COMMIT_MS. A
 * crash of the process or of the machine loses the work since the last commit.
 */

import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { clearTimeout, setTimeout } from '../../protocol/timers.js';
import { BatchError, BatchFileError } from '../errors.js';
import type { Sink } from '../output/sink.js';
import type { Identity } from './identity.js';
import { commitText, type DoneRange, type FailedLine, failText, lineOf, TITLE } from './record.js';
import { type JournalEnd, type JournalState, mergeRanges } from './state.js';

const sync = promisify(fdatasync);

/** Time from one commit to the next, in ms. */
const COMMIT_MS = 200;

/** A written part, to be committed once the writers have passed its data to the system. */
export interface Uncommitted {
  readonly range: DoneRange;
  readonly items: number;
  readonly failed: readonly FailedLine[];
  /** Sizes of the files after this part. */
  readonly output: number;
  readonly errors: number;
}

export class Journal {
  readonly #path: string;
  readonly #file: number;
  readonly #output: Sink;
  readonly #errors: Sink | undefined;
  readonly #failed: (error: unknown) => void;
  #uncommitted: Uncommitted[] = [];
  #totals: { items: number; failed: number; output: number; errors: number };
  #timer: NodeJS.Timeout | undefined;
  #committing: Promise<void> | undefined;
  /** What a commit has failed with. Nothing is written any more: the parts of that one would be missing. */
  #failure: { readonly error: unknown } | undefined;
  /** Bytes of the journal. */
  #size: number;
  #hasBegun = false;

  /** @param failed called with the error if a commit cannot be written */
  constructor(
    path: string,
    state: JournalState | undefined,
    sinks: { output: Sink; errors: Sink | undefined },
    failed: (error: unknown) => void,
  ) {
    this.#path = path;
    this.#output = sinks.output;
    this.#errors = sinks.errors;
    this.#failed = failed;
    this.#totals = {
      items: state?.items ?? 0,
      failed: state?.failed ?? 0,
      output: sinks.output.base,
      errors: sinks.errors?.base ?? 0,
    };
    this.#size = state?.bytes ?? 0;
    try {
      this.#file = openSync(path, 'a');
    } catch (error) {
      throw new BatchFileError(path, error);
    }
  }

  begin(identity: Identity): void {
    this.#start(`${TITLE}\n${identityLine(identity)}${lineOf(`begin ${now()}`)}`);
  }

  /** @param identity if it has changed */
  resume(identity?: Identity): void {
    this.#start(`${identityLine(identity)}${lineOf(`resume ${now()}`)}`);
  }

  /** @param identity if it has changed */
  retryFailed(identity?: Identity): void {
    this.#totals = { ...this.#totals, items: 0, failed: 0 };
    this.#start(`${identityLine(identity)}${lineOf(`retry-failed ${now()}`)}`);
  }

  /** Cuts off what does not count, and writes the first records of this run. */
  #start(text: string): void {
    this.#hasBegun = true;
    try {
      ftruncateSync(this.#file, this.#size);
    } catch (error) {
      throw new BatchFileError(this.#path, error);
    }
    this.#append(text);
  }

  /** Called in the order of writing. */
  add(entry: Uncommitted): void {
    this.#uncommitted.push(entry);
    this.#timer ??= setTimeout(() => this.#commitSoon(), COMMIT_MS);
  }

  /** Commits everything written and records how the run ended. */
  async end(how: Exclude<JournalEnd, 'open'>): Promise<void> {
    clearTimeout(this.#timer);
    await this.#committing;
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.#commit(lineOf(`${how} ${now()}`));
    closeSync(this.#file);
  }

  /** After a failure elsewhere: makes no further commit. */
  async abandon(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#committing;
    clearTimeout(this.#timer);
    // Of a batch that never began nothing stays.
    if (!this.#hasBegun && fstatSync(this.#file).size === 0) unlinkSync(this.#path);
    closeSync(this.#file);
  }

  #commitSoon(): void {
    this.#committing = this.#commit()
      .catch((error) => {
        this.#failure = { error };
        this.#failed(error);
      })
      .finally(() => {
        this.#committing = undefined;
        this.#timer =
          this.#uncommitted.length > 0 && this.#failure === undefined
            ? setTimeout(() => this.#commitSoon(), COMMIT_MS)
            : undefined;
      });
  }

  /** @param end the record that ends the run, written and synchronised together with the commit */
  async #commit(end = ''): Promise<void> {
    const output = this.#output.base + this.#output.writer.written;
    const errors = (this.#errors?.base ?? 0) + (this.#errors?.writer.written ?? 0);
    let count = 0;
    while (
      count < this.#uncommitted.length &&
      this.#uncommitted[count]!.output <= output &&
      this.#uncommitted[count]!.errors <= errors
    ) {
      count++;
    }
    const commit = count === 0 ? '' : await this.#commitOf(this.#uncommitted.splice(0, count));
    if (commit === '' && end === '') return;
    this.#append(commit + end);
    await sync(this.#file);
  }

  /** The records of a commit, once its data is on the disk. */
  async #commitOf(entries: readonly Uncommitted[]): Promise<string> {
    await this.#output.sync();
    await this.#errors?.sync();
    const last = entries.at(-1) as Uncommitted;
    const failed = entries.flatMap((entry) => entry.failed);
    this.#totals = {
      items: this.#totals.items + entries.reduce((sum, entry) => sum + entry.items, 0),
      failed: this.#totals.failed + failed.length,
      output: last.output,
      errors: last.errors,
    };
    const done = mergeRanges(entries.map((entry) => entry.range));
    const text = [...failed.map(failText), commitText({ done, ...this.#totals })];
    return text.map(lineOf).join('');
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    try {
      const { size } = fstatSync(this.#file);
      if (size !== this.#size) throw new BatchError(`${this.#path}: something else writes to this journal`);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      throw error instanceof BatchError ? error : new BatchFileError(this.#path, error);
    }
    this.#size += bytes.length;
  }
}

function identityLine(identity: Identity | undefined): string {
  return identity === undefined ? '' : lineOf(`batch ${JSON.stringify(identity)}`);
}

function now(): string {
  return new Date().toISOString();
}
