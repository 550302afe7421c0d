/**
 * The memory of one chunk, shared by the main thread and the thread that runs it.
 *
 *     header (64 bytes) │ input, `inputBytes` │ output → …… ← failures │ end
 *
 * Results grow upwards behind the input, records of failed items downwards from the end. The thread
 * *publishes* its progress (lines, bytes of results, bytes of failures, items) into one of two places
 * alternately; `sequence` tells which one is valid. So the main thread reads a consistent state at any
 * moment, also after the thread has died.
 */

/** Fields of the header, as indexes of an Int32Array. */
export const field = {
  /** Set by the main thread: begin no further item. */
  stop: 0,
  /** The line that runs, counted from 0 in the chunk; -1 before the first, and when the run is over. */
  item: 1,
  /** Counts publications; its lowest bit selects the place. */
  sequence: 2,
  /** 1 when every line of the chunk has been run. */
  complete: 3,
  /** First place: lines, bytes of results, bytes of failures, items. The second follows it. */
  published: 4,
  /**
   * Place of the worker, from 1; 0 before it begins. The thread sets it and then looks at `stop`; the main thread sets
   * `stop` and then looks here: so a chunk that has not begun after that runs no item.
   */
  worker: 12,
  /** How long the run has taken, in µs. */
  time: 13,
} as const;

/** In place of a worker: the items have run on another machine. */
export const NO_WORKER = -1;

export const HEADER_BYTES = 64;
const PLACE_FIELDS = 4;

/** Progress of a thread within a chunk. */
export interface Published {
  /** Finished lines from the beginning of the chunk, blank ones included. */
  readonly lines: number;
  readonly outputBytes: number;
  readonly failureBytes: number;
  /** Finished items; skipped blank lines are none. */
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

/**
 * Reads again if the thread has published meanwhile: two publications during one read would mix two states.
 */
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

/** Prepares the header for a run. */
export function resetHeader(header: Int32Array): void {
  header.fill(0);
  header[field.item] = -1;
}

/** How lines become items. */
export type Format = 'lines' | 'ndjson' | 'csv';

/** Everything a thread needs to run chunks. Sent as JSON; threads cache the loaded setup under that text. */
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
  /** Column names of CSV. */
  readonly columns: readonly string[] | undefined;
}

/** A failed item, stored in the shared memory as a line of JSON. */
export interface FailureRecord {
  /** Line of the chunk, from 0. */
  readonly line: number;
  /** Bytes of results before this item. */
  readonly output: number;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/**
 * Results, or a failure, without room in the output area. They belong to the lines after the published ones.
 */
export interface Overflow {
  readonly lines: number;
  readonly items: number;
  readonly output: Uint8Array;
  readonly failure: FailureRecord | undefined;
}
