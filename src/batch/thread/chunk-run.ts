/** Runs one chunk in a thread: calls the function for each item and publishes the results. */

import { performance } from '../../protocol/clock.js';
import type { ParseCsv } from '../csv-parser.js';
import {
  type FailureRecord,
  field,
  HEADER_BYTES,
  type Overflow,
  publish,
  type ThreadSetup,
} from '../layout.js';
import type { ItemFunction } from './function.js';
import { type Items, itemsOf } from './items.js';
import { isLater, laterLinesOf, linesOf } from './results.js';
import type { FilePart } from './slices.js';

/** After this time, in ms, a chunk is handed back, so that its remaining lines can be redistributed. */
const BUDGET_MS = 64;

/** How much of a chunk is run. */
interface Limits {
  readonly ms: number;
  readonly lines: number;
}

const LIMITS: Limits = { ms: BUDGET_MS, lines: Number.POSITIVE_INFINITY };

/**
 * Results of cheap items are published together: as many as take about this long, in ms, but at most
 * MOST_TOGETHER. When a thread is terminated, this much finished work may have to run again.
 */
const PUBLISH_MS = 0.2;
const MOST_TOGETHER = 64;

const MOST_MESSAGE = 64 * 1024;
const MOST_STACK = 8 * 1024;

/** Items published together at present; kept from chunk to chunk. */
let together = 1;

const encoder = new TextEncoder();

/** The current run, for the exit of the thread. */
let current: ChunkRun | undefined;

/** The thread exits. */
export function publishAtExit(): void {
  current?.publishAtExit();
}

export class ChunkRun {
  readonly #fn: ItemFunction;
  readonly #header: Int32Array;
  readonly #area: Uint8Array;
  readonly #items: Items;
  readonly #tagged: boolean;
  readonly #limits: Limits;
  readonly #started = performance.now();
  /** Unpublished results. */
  #text = '';
  #line = -1;
  #itemsRun = 0;
  #unpublished = 0;
  #lastPublished = this.#started;
  #output = 0;
  #failures = 0;
  #publishedLines = 0;
  #publishedItems = 0;
  #overflow: Overflow | undefined;

  /**
   * @param worker who runs it, as in the header
   * @param input its bytes at the beginning of the memory, or where it is to be read
   */
  constructor(
    worker: number,
    setup: ThreadSetup,
    fn: ItemFunction,
    memory: SharedArrayBuffer,
    input: number | FilePart,
    parseCsv?: ParseCsv,
    limits: Limits = LIMITS,
  ) {
    this.#fn = fn;
    this.#limits = limits;
    this.#header = new Int32Array(memory, 0, HEADER_BYTES / 4);
    const inputBytes = typeof input === 'number' ? input : 0;
    const bytes = typeof input === 'number' ? Buffer.from(memory, HEADER_BYTES, input) : input;
    this.#area = new Uint8Array(memory, HEADER_BYTES + inputBytes);
    this.#items = itemsOf(setup, bytes, parseCsv);
    this.#tagged = setup.tag;
    // Ahead of the first look at `stop`, as `layout.ts` says.
    Atomics.store(this.#header, field.worker, worker);
  }

  /**
   * Runs until the end of the chunk, of the time or of the room. Returns a promise only if the function did.
   */
  run(): Overflow | undefined | Promise<Overflow | undefined> {
    current = this;
    const items = this.#items;
    const header = this.#header;
    while (items.next()) {
      if (Atomics.load(header, field.stop) !== 0 || this.#line + 1 >= this.#limits.lines) return this.#end();
      this.#line++;
      if (items.isBlank()) continue;
      header[field.item] = this.#line;
      let failure: { error: unknown } | undefined;
      try {
        const result = this.#fn(items.value());
        if (isLater(result)) return this.#goOnLater(result);
        this.#text += linesOf(result, this.#tagged ? `${items.text()}\t` : '');
      } catch (error) {
        failure = { error };
      }
      if (!this.#finished(failure)) return this.#end();
    }
    return items.isCutShort ? this.#end() : this.#complete();
  }

  async #goOnLater(first: unknown): Promise<Overflow | undefined> {
    let failure: { error: unknown } | undefined;
    try {
      this.#text += await laterLinesOf(first, this.#tagged ? `${this.#items.text()}\t` : '');
    } catch (error) {
      failure = { error };
    }
    return this.#finished(failure) ? await this.run() : this.#end();
  }

  /** The thread exits. */
  publishAtExit(): void {
    // Without the running item.
    if (this.#text !== '') this.#publish(this.#line);
  }

  /** Called after each item. @returns false: stop here */
  #finished(failure: { error: unknown } | undefined): boolean {
    this.#itemsRun++;
    if (failure !== undefined && !this.#fail(failure.error)) return false;
    if (++this.#unpublished < together) return true;
    if (!this.#publish(this.#line + 1)) return false;
    const now = performance.now();
    const taken = now - this.#lastPublished;
    if (taken < PUBLISH_MS / 2) together = Math.min(together * 2, MOST_TOGETHER);
    else if (taken > PUBLISH_MS) together = Math.max(1, together >> 1);
    this.#lastPublished = now;
    this.#unpublished = 0;
    return now - this.#started < this.#limits.ms;
  }

  #complete(): Overflow | undefined {
    this.#line++;
    if (this.#publish(this.#line)) this.#header[field.complete] = 1;
    return this.#end();
  }

  #end(): Overflow | undefined {
    // Stopped early: the last items may be unpublished.
    if (this.#overflow === undefined && this.#header[field.complete] === 0) this.#publish(this.#line + 1);
    current = undefined;
    Atomics.store(this.#header, field.item, -1);
    this.#header[field.time] = (performance.now() - this.#started) * 1000;
    return this.#overflow;
  }

  /** Publishes the results of all lines before `lines`. @returns false: no room, they go into the overflow */
  #publish(lines: number): boolean {
    const room = this.#area.length - this.#output - this.#failures;
    if (this.#text !== '') {
      const { read, written } = encoder.encodeInto(
        this.#text,
        this.#area.subarray(this.#output, this.#output + room),
      );
      if (read < this.#text.length) {
        this.#overflow = {
          lines: lines - this.#publishedLines,
          items: this.#itemsRun - this.#publishedItems,
          output: encoder.encode(this.#text),
          failure: undefined,
        };
        return false;
      }
      this.#output += written;
      this.#text = '';
    }
    this.#note(lines);
    return true;
  }

  #note(lines: number): void {
    this.#publishedLines = lines;
    this.#publishedItems = this.#itemsRun;
    publish(this.#header, {
      lines,
      outputBytes: this.#output,
      failureBytes: this.#failures,
      items: this.#itemsRun,
    });
  }

  /**
   * Records the failure of the current item, after publishing the results before it. @returns false: no room
   */
  #fail(error: unknown): boolean {
    this.#itemsRun--;
    const ok = this.#publish(this.#line);
    this.#itemsRun++;
    const failure = recordOf(error, this.#line, this.#output);
    if (!ok) {
      const before = this.#overflow as Overflow;
      this.#overflow = { ...before, lines: before.lines + 1, items: before.items + 1, failure };
      return false;
    }
    const bytes = encoder.encode(`${JSON.stringify(failure)}\n`);
    const at = this.#area.length - this.#failures - bytes.length;
    if (at < this.#output) {
      this.#overflow = { lines: 1, items: 1, output: new Uint8Array(0), failure };
      return false;
    }
    this.#area.set(bytes, at);
    this.#failures += bytes.length;
    this.#note(this.#line + 1);
    return true;
  }
}

function recordOf(thrown: unknown, line: number, output: number): FailureRecord {
  try {
    if (thrown instanceof Error || (typeof thrown === 'object' && thrown !== null && 'message' in thrown)) {
      const { name, message, stack } = thrown as Error;
      return {
        line,
        output,
        name: String(name ?? 'Error'),
        message: String(message).slice(0, MOST_MESSAGE),
        stack: typeof stack === 'string' ? ownFrames(stack).slice(0, MOST_STACK) : undefined,
      };
    }
    return { line, output, name: 'Error', message: String(thrown).slice(0, MOST_MESSAGE), stack: undefined };
  } catch {
    return { line, output, name: 'Error', message: 'something that cannot be shown', stack: undefined };
  }
}

/** A stack without the frames of this package and of Node below the function. */
function ownFrames(stack: string): string {
  const lines = stack.split('\n');
  const below = lines.findIndex((line) =>
    /^\s+at (?:(?:LineItems|CsvItems)\.|.*[\\/](?:chunk-task|chunk-run|items)\.c?js:\d+:\d+\)?$)/.test(line),
  );
  const own = below < 0 ? lines : lines.slice(0, below);
  // V8 names the receiver of the call.
  return own.join('\n').replaceAll('at ChunkRun.', 'at ');
}
