/**
 * The memory of one chunk, shared by the main thread and the thread that runs it.
 *
 *     header (64 bytes) │ input, `inputBytes` │ output → …… ← failures │ end
 *
 * Results grow upwards behind the input, records of failed items downwards from the end. What a thread has finished is *published*:
 * lines, bytes of results, bytes of failures and items, written together into one of two places, of which `SEQUENCE` tells the valid one.
 * So the main thread can read a consistent state at any moment, also after the thread has died in the middle of an item.
 */

/** Fields of the header, as indexes of an Int32Array. */
export const field = {
  /** Set by the main thread: begin no further item. */
  stop: 0,
  /** The line that runs, counted from 0 in the chunk; -1 before the first. */
  item: 1,
  /** Counts publications; its lowest bit selects the place. */
  sequence: 2,
  /** 1 when every line of the chunk has been run. */
  complete: 3,
  /** First place: lines, bytes of results, bytes of failures, items. The second follows it. */
  published: 4,
  /** Id of the thread. */
  thread: 12,
  /** How long the run has taken, in µs. */
  time: 13,
} as const;

export const HEADER_BYTES = 64;
const PLACE_FIELDS = 4;

/** What a thread has finished of a chunk. */
export interface Published {
  /** Lines from the beginning of the chunk: run, or skipped since they are empty. */
  readonly lines: number;
  readonly outputBytes: number;
  readonly failureBytes: number;
  /** Items that were run; lines that are skipped are none. */
  readonly items: number;
}

export function publish(header: Int32Array, state: Published): void {
  const sequence = (header[field.sequence] as number) + 1;
  const place = field.published + (sequence & 1) * PLACE_FIELDS;
  header[place] = state.lines;
  header[place + 1] = state.outputBytes;
  header[place + 2] = state.failureBytes;
  header[place + 3] = state.items;
  Atomics.store(header, field.sequence, sequence);
}

/** The thread may publish meanwhile: twice at least while a place is read, if what was read is to be mixed. Then it is read again. */
export function readPublished(header: Int32Array): Published {
  for (;;) {
    const sequence = Atomics.load(header, field.sequence);
    const place = field.published + (sequence & 1) * PLACE_FIELDS;
    const state = {
      lines: header[place] as number,
      outputBytes: header[place + 1] as number,
      failureBytes: header[place + 2] as number,
      items: header[place + 3] as number,
    };
    if (Atomics.load(header, field.sequence) === sequence) return state;
  }
}

/** Makes the header ready for a run. */
export function resetHeader(header: Int32Array): void {
  header.fill(0);
  header[field.item] = -1;
}

/** How lines become items. */
export type Format = 'lines' | 'ndjson' | 'csv';

/** All that a thread must know to run chunks; travels as JSON, by which the threads recognise it. */
export interface ThreadSetup {
  readonly task:
    | { kind: 'module'; name: string; url: string; path: readonly string[]; base: string }
    | {
        kind: 'inline';
        name: string;
        source: string;
        base: string;
        sloppy: boolean;
        helpers: readonly string[];
      };
  readonly format: Format;
  /** The byte that ends a line: 10, or 0. */
  readonly separator: number;
  /** Whether each line of output begins with the item and a tab. */
  readonly tag: boolean;
  /** The names of the columns of CSV. */
  readonly columns: readonly string[] | undefined;
}

/** One failed item, as it stands in the shared memory, as a line of JSON. */
export interface FailureRecord {
  /** Line of the chunk, from 0. */
  readonly line: number;
  /** Bytes of results before it. */
  readonly output: number;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What did not fit into the output area. It belongs to the lines after those that are published. */
export interface Overflow {
  readonly lines: number;
  readonly items: number;
  readonly output: Uint8Array;
  readonly failure: FailureRecord | undefined;
}
