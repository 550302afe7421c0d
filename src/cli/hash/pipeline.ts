import type { ByteString } from '../files/bytes.js';
import type { FileOutcome, HashReply, HashRequest } from './hash-task.js';
import { ReorderBuffer } from './reorder-buffer.js';
import { Semaphore } from './semaphore.js';

/*
 * Files in, digests out, in the order of the files:
 *
 *     files ─→ batches ─→ map ─→ reply ─────────────→ reorder buffer ─→ out, in order
 *                ↑                └ handed back ─→ submit ─┘              │
 *                └──────── permits for at most AHEAD_FILES files ─────────┘
 *
 * A large file keeps one worker busy for long. Meanwhile the other workers hash the next AHEAD_FILES files,
 * whose digests wait in the reorder buffer. The order of `map` itself would let them go on for a few requests
 * only.
 */

/** Runs hash requests: the part of a Balancer that the pipeline needs. */
export interface Hasher {
  /** Gives replies in any order. Takes requests from the source only as workers have room for them. */
  map(requests: AsyncIterable<HashRequest>): AsyncIterable<HashReply>;
  submit(request: HashRequest): Promise<HashReply>;
}

/** A file to hash. */
export interface InputFile {
  readonly path: ByteString;
  /** True: known to be a regular file. */
  readonly regular?: boolean;
}

/** Some of them in groups, since awaiting each would take longer than finding it in a directory. */
export type Files<T extends InputFile> = Iterable<T> | AsyncIterable<T | Iterable<T>>;

/** A file and its result. */
export interface Hashed<T extends InputFile> {
  readonly file: T;
  /** The digest in hex, or the code of the system error. */
  readonly outcome: Exclude<FileOutcome, null>;
}

export interface HashingOptions {
  readonly algorithm: string;
  /** See `HashRequest.counter`. */
  readonly counter?: BigInt64Array;
  /** Called for each reply as it arrives. */
  onReply?(reply: HashReply): void;
}

/** Files in one request. 64 files of 1 KB are some 500 µs of work, many times the cost of a request. */
export const BATCH_FILES = 64;

/** Files that may be in work or wait for an earlier file. Their digests and paths take some 20 MB. */
export const AHEAD_FILES = 65_536;

/**
 * Hashes files and gives the results back batch by batch, in the order of the files. Throws where a worker
 * fails.
 */
export async function* hashInOrder<T extends InputFile>(
  files: Files<T>,
  hasher: Hasher,
  options: HashingOptions,
): AsyncGenerator<Hashed<T>[], void, undefined> {
  const buffer = new ReorderBuffer<Hashed<T>[]>();
  const permits = new Semaphore(AHEAD_FILES);
  const batches: Map<number, T[]> = new Map();

  async function* requests(): AsyncGenerator<HashRequest, void, undefined> {
    let number = 0;
    for await (const batch of inBatches(files)) {
      await permits.take(batch.length);
      batches.set(number, batch);
      yield request(number++, batch, options);
    }
    buffer.end(number);
  }

  async function complete(reply: HashReply): Promise<void> {
    const batch = batches.get(reply.batch)!;
    batches.delete(reply.batch);
    const outcomes = await outcomesOf(batch, reply);
    buffer.add(
      reply.batch,
      batch.map((file, index) => ({ file, outcome: outcomes[index]! })),
    );
  }

  /** Submits again what the reply handed back: large files one by one, the rest of the batch together. */
  async function outcomesOf(batch: readonly T[], reply: HashReply): Promise<Exclude<FileOutcome, null>[]> {
    options.onReply?.(reply);
    const again = async (files: readonly T[]) =>
      outcomesOf(files, await hasher.submit(request(reply.batch, files, options)));
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
    for await (const reply of hasher.map(requests())) complete(reply).catch((error) => buffer.fail(error));
    // A manifest that lacks files would be worse than none.
    if (batches.size > 0) buffer.fail(new Error(`${batches.size} batches of files were not hashed`));
  }
  pump().catch((error) => buffer.fail(error));

  for (let number = 0; ; number++) {
    const hashed = await buffer.take(number);
    if (!hashed) return;
    yield hashed;
    permits.give(hashed.length);
  }
}

function request(batch: number, files: readonly InputFile[], options: HashingOptions): HashRequest {
  const paths = files.map((file) => file.path).join('\0');
  const regular = files.every((file) => file.regular === true);
  return { batch, algorithm: options.algorithm, paths, regular, counter: options.counter };
}

async function* inBatches<T extends InputFile>(files: Files<T>): AsyncGenerator<T[], void, undefined> {
  const batch: T[] = [];
  for await (const item of files) {
    if (Symbol.iterator in item) {
      for (const file of item) if (batch.push(file) === BATCH_FILES) yield batch.splice(0);
    } else if (batch.push(item) === BATCH_FILES) yield batch.splice(0);
  }
  if (batch.length > 0) yield batch;
}
