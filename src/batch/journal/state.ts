/** Reads a journal. */
import { promises, readFileSync } from 'node:fs';
import { BatchError, BatchFileError } from '../errors.js';
import { type Identity, parseIdentity } from './identity.js';
import { type DoneRange, type FailedLine, parseCommit, parseFail, TITLE, textOf } from './record.js';

const NEWLINE = 10;

/** How the last run ended; `open`: it was killed or is still running. */
export type JournalEnd = 'open' | 'interrupted' | 'halted' | 'complete';

/** The state of a batch according to its journal. */
export interface JournalState {
  readonly identity: Identity;
  /** Time of the beginning, and of the last record with a time. */
  readonly began: string;
  readonly last: string;
  /** Number of resumed runs. */
  readonly resumes: number;
  /** 1 for the batch itself; each run over the failed items adds one. */
  readonly pass: number;
  /** In a later pass: the failed lines of the previous pass, all that this pass runs. */
  readonly todo: readonly FailedLine[] | undefined;
  /** Committed ranges of this pass, merged, in order. */
  readonly done: readonly DoneRange[];
  /** Failed lines of this pass. */
  readonly failures: readonly FailedLine[];
  readonly items: number;
  readonly failed: number;
  readonly output: number;
  readonly errors: number;
  readonly end: JournalEnd;
  /** Bytes of the journal up to the last valid record. */
  readonly bytes: number;
}

/**
 * @returns `undefined` if there is no journal, or only the beginning of one
 * @throws BatchFileError the file cannot be read
 * @throws BatchError the file is no journal
 */
export function readJournal(path: string): JournalState | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return absent(path, error);
  }
  return parseJournal(path, bytes);
}

/**
 * As `readJournal`, of a journal that is to be continued; reads by libuv's threads.
 * @throws BatchError also if it is no regular file
 */
export async function loadJournal(path: string): Promise<JournalState | undefined> {
  let bytes: Buffer;
  try {
    if (!(await promises.stat(path)).isFile())
      throw new BatchError(`${path}: a journal must be a regular file`);
    bytes = await promises.readFile(path);
  } catch (error) {
    return absent(path, error);
  }
  return parseJournal(path, bytes);
}

function absent(path: string, error: unknown): undefined {
  if (error instanceof BatchError) throw error;
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new BatchFileError(path, error);
}

/** Line by line: with some millions of failed items a journal is longer than V8's strings. */
function parseJournal(path: string, bytes: Buffer): JournalState | undefined {
  const titleLine = Buffer.from(`${TITLE}\n`);
  if (bytes.length < titleLine.length && titleLine.subarray(0, bytes.length).equals(bytes)) return undefined;
  if (!bytes.subarray(0, titleLine.length).equals(titleLine)) {
    throw new BatchError(`${path}: this is no journal of leastwork`);
  }
  const reading = new Reading(titleLine.length);
  for (let from = titleLine.length; ; ) {
    const end = bytes.indexOf(NEWLINE, from);
    // A last line without its end is torn.
    const record = end < 0 ? undefined : textOf(bytes.toString('utf8', from, end));
    // Records after a damaged line cannot be trusted.
    if (record === undefined) break;
    reading.add(record, end + 1 - from);
    from = end + 1;
  }
  return reading.state();
}

class Reading {
  #identity: Identity | undefined;
  #began = '';
  #last = '';
  #resumes = 0;
  #pass = 1;
  #todo: readonly FailedLine[] | undefined;
  #done: DoneRange[] = [];
  #failures: FailedLine[] = [];
  /** Failed lines without a commit. */
  #pending: FailedLine[] = [];
  #totals = { items: 0, failed: 0, output: 0, errors: 0 };
  #end: JournalEnd = 'open';
  #read: number;
  #bytes: number;

  constructor(titleBytes: number) {
    this.#read = titleBytes;
    this.#bytes = titleBytes;
  }

  add(record: string, bytes: number): void {
    this.#read += bytes;
    const fail = parseFail(record);
    if (fail !== undefined) {
      this.#pending.push(fail);
      return;
    }
    this.#bytes = this.#read;
    const commit = parseCommit(record);
    if (commit !== undefined) {
      const { done, ...totals } = commit;
      // Not as arguments of one call: there may be more of them than its stack holds.
      for (const range of done) this.#done.push(range);
      for (const failure of this.#pending) this.#failures.push(failure);
      this.#pending = [];
      this.#totals = totals;
      return;
    }
    this.#addEvent(record);
  }

  #addEvent(record: string): void {
    const space = record.indexOf(' ');
    const kind = record.slice(0, space);
    const rest = record.slice(space + 1);
    if (kind === 'batch') this.#identity = parseIdentity(rest);
    else this.#last = rest;
    this.#pending = [];
    switch (kind) {
      case 'begin':
        this.#began = rest;
        break;
      case 'resume':
        this.#resumes++;
        this.#end = 'open';
        break;
      case 'retry-failed':
        this.#pass++;
        this.#todo = this.#failures;
        this.#done = [];
        this.#failures = [];
        this.#totals = { items: 0, failed: 0, output: this.#totals.output, errors: 0 };
        this.#end = 'open';
        break;
      case 'interrupted':
      case 'halted':
      case 'complete':
        this.#end = kind;
        break;
    }
  }

  state(): JournalState | undefined {
    if (this.#identity === undefined) return undefined;
    return {
      identity: this.#identity,
      began: this.#began,
      last: this.#last,
      resumes: this.#resumes,
      pass: this.#pass,
      todo: this.#todo,
      done: mergeRanges(this.#done),
      failures: this.#failures,
      ...this.#totals,
      end: this.#end,
      bytes: this.#bytes,
    };
  }
}

/** Sorts ranges and joins adjacent ones. */
export function mergeRanges(ranges: readonly DoneRange[]): DoneRange[] {
  const merged: DoneRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.source - b.source || a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && last.source === range.source && last.to === range.from) {
      merged[merged.length - 1] = { ...last, to: range.to, lines: last.lines + range.lines };
    } else {
      merged.push(range);
    }
  }
  return merged;
}
