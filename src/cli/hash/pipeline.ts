import type { ByteString } from '../files/bytes.js';
import type { HashReply, HashRequest, Outcome } from './hash-task.js';

/*
 * Files in, digests out, in the order of the files:
 *
 *     files ─→ batches ─→ map ─→ reply ─────────────→ slot[batch] ─→ out, in order
 *                ↑                └ handed back ─→ submit ─┘            │
 *                └──────────── room: at most AHEAD files ───────────────┘
 *
 * A large file keeps one worker for long. Meanwhile the others go on with the files after it, AHEAD of them, whose
 * digests wait here; `map`'s own order would let them go on for a few requests only.
 */

/** What hashes: the Balancer, as far as it is needed here. */
export interface Hasher {
  /** Replies in any order; requests are taken from the source as workers can take them. */
  map(requests: AsyncIterable<HashRequest>): AsyncIterable<HashReply>;
  submit(request: HashRequest): Promise<HashReply>;
}

/** A file to hash. */
export interface Source {
  readonly path: ByteString;
  /** Known to be a regular file. */
  readonly regular?: boolean;
}

/** A file that was hashed, or could not be. */
export interface Hashed<T extends Source> {
  readonly source: T;
  /** Its digest in hex, or the code of the system error. */
  readonly outcome: Exclude<Outcome, null>;
}

export interface HashingOptions {
  readonly algorithm: string;
  /** See `HashRequest.counter`. */
  readonly counter?: BigInt64Array;
  /** Called for each reply as it comes. */
  onReply?(reply: HashReply): void;
}

/** Files in one request. 64 of 1 KB are some 500 µs of work, many times what a request costs. */
export const BATCH_FILES = 64;

/** Files that may be under way or wait for the one whose turn it is. Their digests and paths are some 20 MB. */
export const AHEAD_FILES = 65_536;

/** Hashes files and gives them back batch by batch, in their order. A failure of a worker itself ends it. */
export async function* hashInOrder<T extends Source>(
  files: Iterable<T> | AsyncIterable<T>,
  hasher: Hasher,
  options: HashingOptions,
): AsyncGenerator<Hashed<T>[], void, undefined> {
  const slots = new Slots<Hashed<T>[]>();
  const room = new Room(AHEAD_FILES);
  const batches: Map<number, T[]> = new Map();

  async function* requests(): AsyncGenerator<HashRequest, void, undefined> {
    let number = 0;
    for await (const batch of inBatches(files)) {
      await room.take(batch.length);
      batches.set(number, batch);
      yield request(number++, batch, options);
    }
    slots.end(number);
  }

  async function fill(reply: HashReply): Promise<void> {
    const batch = batches.get(reply.batch)!;
    batches.delete(reply.batch);
    const outcomes = await settle(batch, reply);
    slots.fill(
      reply.batch,
      batch.map((source, index) => ({ source, outcome: outcomes[index]! })),
    );
  }

  /** Has all done that was handed back: large files one by one, the rest of the batch together. */
  async function settle(batch: readonly T[], reply: HashReply): Promise<Exclude<Outcome, null>[]> {
    options.onReply?.(reply);
    const again = async (files: readonly T[]) =>
      settle(files, await hasher.submit(request(reply.batch, files, options)));
    const rest = batch.slice(reply.outcomes.length);
    const [begun, left] = await Promise.all([
      Promise.all(
        reply.outcomes.map((outcome, index) => outcome ?? again([batch[index]!]).then(([only]) => only!)),
      ),
      rest.length > 0 ? again(rest) : [],
    ]);
    return [...begun, ...left];
  }

  async function pump(): Promise<void> {
    for await (const reply of hasher.map(requests())) fill(reply).catch((error) => slots.fail(error));
    // Rather no manifest than one that lacks files.
    if (batches.size > 0) slots.fail(new Error(`${batches.size} batches of files were not hashed`));
  }
  pump().catch((error) => slots.fail(error));

  for (let number = 0; ; number++) {
    const hashed = await slots.take(number);
    if (!hashed) return;
    yield hashed;
    room.give(hashed.length);
  }
}

function request(batch: number, files: readonly Source[], options: HashingOptions): HashRequest {
  const paths = files.map((file) => file.path).join('\0');
  const regular = files.every((file) => file.regular === true);
  return { batch, algorithm: options.algorithm, paths, regular, counter: options.counter };
}

async function* inBatches<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T[], void, undefined> {
  let batch: T[] = [];
  // Awaiting each item of a synchronous source would cost more than walking to it.
  if (Symbol.iterator in items) {
    for (const item of items) {
      if (batch.push(item) < BATCH_FILES) continue;
      yield batch;
      batch = [];
    }
  } else {
    for await (const item of items) {
      if (batch.push(item) < BATCH_FILES) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** A count of what may be taken, waited for by one taker. */
class Room {
  #free: number;
  #waiting: (() => void) | undefined;

  constructor(free: number) {
    this.#free = free;
  }

  /** Waits until there is any room, and then takes n, be it more. */
  async take(n: number): Promise<void> {
    while (this.#free <= 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
    this.#free -= n;
  }

  give(n: number): void {
    this.#free += n;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}

/** Values that come in any order and are taken in that of their numbers, by one taker. */
class Slots<T> {
  readonly #values = new Map<number, T>();
  #end = Number.POSITIVE_INFINITY;
  #failure: { error: unknown } | undefined;
  #changed: (() => void) | undefined;

  fill(number: number, value: T): void {
    this.#values.set(number, value);
    this.#changed?.();
  }

  /** There are no values from this number on. */
  end(number: number): void {
    this.#end = number;
    this.#changed?.();
  }

  /** Whoever takes, now or later, gets this error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#changed?.();
  }

  /** `undefined` at the end. */
  async take(number: number): Promise<T | undefined> {
    while (number < this.#end) {
      if (this.#failure) throw this.#failure.error;
      const value = this.#values.get(number);
      if (value !== undefined) {
        this.#values.delete(number);
        return value;
      }
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    if (this.#failure) throw this.#failure.error;
    return undefined;
  }
}
