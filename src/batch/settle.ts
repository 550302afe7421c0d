/** Turns the outcome of a chunk into the parts that replace it. */

import type { LineEnds } from './input/line-ends.js';
import type { ItemError } from './item-error.js';
import { type FailureRecord, field, HEADER_BYTES, type Overflow, readPublished } from './layout.js';
import type { ChunkMemory } from './memory.js';
import type { Failure, Part } from './work.js';

/** The end of a run. */
export interface Run {
  readonly part: Part;
  readonly memory: ChunkMemory;
  /** Bytes of input in the memory, behind which the results begin. */
  readonly inputBytes: number;
  readonly overflow: Overflow | undefined;
  /** Set if the thread died or was ended: the error of the running line. */
  readonly killed: ItemError | undefined;
  /** It was ended since a line took too long. That one may have ended just then: then no line has failed. */
  readonly isTimeout: boolean;
  /** No item has been run, and none will be, as the batch is being stopped. */
  readonly isWithdrawn: boolean;
}

/** After this many threads died before the first line of a part, the part is halved. */
const MOST_DEATHS = 2;

/** A run that has ended without any of these. */
export const UNEVENTFUL = {
  overflow: undefined,
  killed: undefined,
  isTimeout: false,
  isWithdrawn: false,
} as const;

/** Rules for line ends and retries. */
export interface SettleRules {
  readonly ends: LineEnds;
  readonly retries: number;
}

/** A failed line: to be retried or reported. */
interface Failed extends ItemError {
  readonly line: number;
  /** Bytes of results before it. */
  readonly output: number;
}

/** Whether all lines have been run and none failed: their bytes need not be looked at any more. */
export function isWhole({ memory: { header }, overflow, killed }: Run): boolean {
  if (killed !== undefined || overflow !== undefined || header[field.complete] !== 1) return false;
  return readPublished(header).failureBytes === 0;
}

/**
 * The part must have its bytes, unless it is whole.
 *
 * @returns the replacing parts in order: done, delayed and waiting ones
 */
export function settle(run: Run, rules: SettleRules): Part[] {
  return new Settling(run, rules).parts();
}

class Settling {
  readonly #run: Run;
  readonly #rules: SettleRules;
  readonly #part: Part;
  readonly #parts: Part[] = [];
  /** Line that begins at `#at`. */
  #line = 0;
  #at = 0;

  constructor(run: Run, rules: SettleRules) {
    this.#run = run;
    this.#rules = rules;
    this.#part = run.part;
  }

  parts(): Part[] {
    const { part, memory, inputBytes, overflow, killed, isTimeout } = this.#run;
    const { header, bytes } = memory;
    const { lines, outputBytes, failureBytes, items } = readPublished(header);
    const outputFrom = HEADER_BYTES + inputBytes;
    const results = bytes.subarray(outputFrom, outputFrom + outputBytes);
    const failed: Failed[] = recordsIn(bytes.subarray(bytes.length - failureBytes));
    const output = overflow === undefined ? Buffer.from(results) : Buffer.concat([results, overflow.output]);
    if (overflow?.failure !== undefined) failed.push({ ...overflow.failure, output: output.length });
    const doneLines = lines + (overflow?.lines ?? 0);
    const isComplete = header[field.complete] === 1;
    this.#addDone(
      doneLines,
      isComplete ? part.size : undefined,
      output,
      failed,
      items + (overflow?.items ?? 0),
    );
    const item = Atomics.load(header, field.item);
    const wasRunning = this.#at < part.size && (item >= this.#line || !isTimeout);
    if (killed !== undefined && wasRunning) this.#addKilled(item, killed);
    if (this.#at < part.size) this.#addWaiting(part.size);
    return this.#parts;
  }

  /** Adds the finished lines. A line to be retried splits them. */
  #addDone(
    lines: number,
    end: number | undefined,
    output: Buffer,
    failed: readonly Failed[],
    items: number,
  ): void {
    let firstLine = 0;
    let firstOutput = 0;
    let itemsLeft = items;
    let failures: Failure[] = [];
    const part = this.#part;
    const addUpTo = (line: number, to: number, outputEnd: number) => {
      if (line === firstLine) return;
      const from = this.#from;
      const count = Math.min(itemsLeft, line - firstLine);
      itemsLeft -= count;
      const done = { output: output.subarray(firstOutput, outputEnd), failures, items: count };
      this.#parts.push(part.slice(from, to, Buffer.alloc(0)).finish(done, line - firstLine));
      failures = [];
    };
    for (const each of failed) {
      const from = this.#goTo(each.line);
      const to = this.#rules.ends.after(part.bytes.subarray(from), 1) + from;
      if (part.attempts >= this.#rules.retries) {
        failures.push(this.#failureOf(each, each.line - firstLine, from, to));
        continue;
      }
      addUpTo(each.line, from, each.output);
      this.#addDelayed(from, to);
      itemsLeft--;
      this.#goTo(each.line + 1);
      firstLine = each.line + 1;
      firstOutput = each.output;
      this.#from = this.#at;
    }
    const to = end ?? this.#goTo(lines);
    addUpTo(lines, to, output.length);
    this.#at = to;
    this.#line = lines;
    this.#from = to;
  }

  /** Beginning of the next part. */
  #from = 0;

  /** Adds the line that ran when the thread died. Finished but unpublished lines before it run again. */
  #addKilled(item: number, killed: ItemError): void {
    const part = this.#part;
    const { bytes } = part;
    if (item < this.#line) {
      // No line had begun: the thread ran out of memory for the chunk, perhaps.
      const rest = bytes.subarray(this.#at);
      const half = this.#rules.ends.firstFrom(rest, Math.ceil(rest.length / 2));
      const isSingle = half >= rest.length && this.#rules.ends.after(rest, 1) >= rest.length;
      if (isSingle) this.#addFailed(this.#at, bytes.length, killed);
      else if (part.deaths + 1 < MOST_DEATHS) {
        this.#addWaiting(bytes.length).deaths = part.deaths + 1;
      } else {
        const cut = half < rest.length ? half : this.#rules.ends.after(rest, 1);
        this.#addWaiting(this.#at + cut);
      }
      return;
    }
    const from = this.#goTo(item);
    if (from > this.#from) {
      this.#at = this.#from;
      this.#addWaiting(from);
    }
    this.#addFailed(from, this.#rules.ends.after(bytes.subarray(from), 1) + from, killed);
  }

  #addFailed(from: number, to: number, error: ItemError): void {
    const part = this.#part;
    if (part.attempts < this.#rules.retries) this.#addDelayed(from, to);
    else {
      const failure = this.#failureOf(error, 0, from, to);
      const done = { output: Buffer.alloc(0), failures: [failure], items: 1 };
      this.#parts.push(part.slice(from, to, Buffer.alloc(0)).finish(done, 1));
    }
    this.#at = to;
    this.#from = to;
  }

  #addDelayed(from: number, to: number): void {
    const part = this.#part;
    const delayed = part.slice(from, to, Buffer.from(part.bytes.subarray(from, to)));
    delayed.attempts = part.attempts + 1;
    delayed.lines = 1;
    delayed.become('running');
    delayed.become('delayed');
    this.#parts.push(delayed);
  }

  #addWaiting(to: number): Part {
    const part = this.#part;
    const waiting = part.slice(this.#at, to, Buffer.from(part.bytes.subarray(this.#at, to)));
    // A single line that was stopped before its run keeps its count.
    waiting.attempts = this.#at === 0 && to === part.bytes.length ? part.attempts : 0;
    this.#parts.push(waiting);
    this.#at = to;
    this.#from = to;
    return waiting;
  }

  /** Position of a line; called in ascending order. */
  #goTo(line: number): number {
    const { bytes } = this.#part;
    this.#at += this.#rules.ends.after(bytes.subarray(this.#at), line - this.#line);
    this.#line = line;
    return this.#at;
  }

  #failureOf(error: ItemError, line: number, from: number, to: number): Failure {
    const { bytes, from: start } = this.#part;
    const { name, message, stack } = error;
    const item = bytes.toString('utf8', from, to).replace(/(?:\r?\n|\0)$/, '');
    return { line, from: start + from, to: start + to, item, name, message, stack };
  }
}

/** Records are stored from the end of the memory downwards. */
function recordsIn(bytes: Buffer): FailureRecord[] {
  if (bytes.length === 0) return [];
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  // A record without a stack has none, whatever `Object.prototype` has under that name.
  return lines
    .reverse()
    .map((line) => ({ stack: undefined, ...(JSON.parse(line) as Omit<FailureRecord, 'stack'>) }));
}
