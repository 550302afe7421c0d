import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { toPath } from '../files/bytes.js';
import { errnoOf } from '../files/errno.js';

/** A batch of files to hash in one request: a small file costs less to hash than a request costs to send. */
export interface HashRequest {
  /** Number of the batch; the reply repeats it. */
  readonly batch: number;
  /** The name of an algorithm for `crypto.createHash`. */
  readonly algorithm: string;
  /** The paths as `ByteString`s, joined by NUL, which no path contains. `-` is standard input. */
  readonly paths: string;
  /** True: all are regular files, whose reads do not wait for a writer as those of a pipe do. */
  readonly regular?: boolean;
  /** Bytes hashed by all workers so far, in shared memory: shows progress within large files. */
  readonly counter: BigInt64Array | undefined;
}

/** The result for one file. */
export type FileOutcome =
  /** Its digest in lower-case hex. */
  | string
  /** The file could not be read: the code of the system error. */
  | { readonly error: string }
  /** Not hashed: the file is large and needs a request of its own. */
  | null;

export interface HashReply {
  readonly batch: number;
  /**
   * One for each path, in order. Fewer than paths: the batch reached BATCH_BYTES, and the rest was not
   * hashed.
   */
  readonly outcomes: readonly FileOutcome[];
  /** Bytes that were hashed. */
  readonly bytes: number;
  /** Id of the thread that hashed them; 0 is the main thread. */
  readonly thread: number;
}

/**
 * A file of this size or more is large. 256 KiB fit into a core's second-level cache and are 150 µs of
 * SHA-256, enough to be worth a request.
 */
export const BUFFER_BYTES = 256 * 1024;

/**
 * After this many bytes, about 1 ms, the rest of a batch is handed back, so that other workers can take it.
 */
export const BATCH_BYTES = 1024 * 1024;

let buffer: Buffer | undefined;

/** Does nothing. Its reply shows that the thread has loaded this module. */
export function begin(): void {}

/**
 * Hashes files. Reads synchronously: the thread has nothing else to do, and an asynchronous read takes longer
 * than hashing most files. In a batch of several, large files are handed back; a single file is hashed
 * whatever its size.
 */
export function hashFiles(request: HashRequest): HashReply {
  return hashBatch(request, !request.paths.includes('\0'));
}

/**
 * As `hashFiles`, but never waits long: a large file is always handed back, and so is anything that is no
 * regular file by now. A FIFO is opened without waiting for its writer.
 */
export function hashSmallFiles(request: HashRequest): HashReply {
  return hashBatch(request, false, constants.O_RDONLY | constants.O_NONBLOCK);
}

function hashBatch(request: HashRequest, evenLarge: boolean, flags = constants.O_RDONLY): HashReply {
  buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
  const paths = request.paths.split('\0');
  const outcomes: FileOutcome[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (bytes >= BATCH_BYTES) break;
    try {
      const hashed = hashFile(path, buffer, request, evenLarge, flags);
      outcomes.push(hashed ? hashed.digest : null);
      if (hashed) bytes += hashed.bytes;
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;
      outcomes.push({ error: code });
    }
  }
  return { batch: request.batch, outcomes, bytes, thread: threadId };
}

function hashFile(path: string, chunk: Buffer, request: HashRequest, evenLarge: boolean, flags: number) {
  const file = path === '-' ? 0 : openSync(toPath(path), flags);
  try {
    if (flags !== constants.O_RDONLY && !isRereadable(file)) return null;
    const first = fill(file, chunk);
    if (first === chunk.length && !evenLarge && isRereadable(file)) return null;
    addToCounter(request, first);
    if (first < chunk.length && !extensible(request.algorithm)) {
      return { digest: hash(request.algorithm, chunk.subarray(0, first), 'hex'), bytes: first };
    }
    const digest = newHash(request.algorithm);
    let bytes = 0;
    for (let length = first; length > 0; length = fill(file, chunk)) {
      digest.update(length === chunk.length ? chunk : chunk.subarray(0, length));
      if (bytes > 0) addToCounter(request, length);
      bytes += length;
    }
    return { digest: digest.digest('hex'), bytes };
  } finally {
    if (file !== 0) closeSync(file);
  }
}

/** Whether the next reader gets the same bytes again: not from a pipe or from standard input. */
function isRereadable(file: number): boolean {
  return file !== 0 && fstatSync(file).isFile();
}

/** Reads until the buffer is full or the file ends: a single read may return less, above all from a pipe. */
function fill(file: number, chunk: Buffer): number {
  let length = 0;
  while (length < chunk.length) {
    const read = readSync(file, chunk, length, chunk.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}

function addToCounter(request: HashRequest, bytes: number): void {
  if (request.counter) Atomics.add(request.counter, 0, BigInt(bytes));
}

// SHAKE has no fixed digest length, and Node requires one (DEP0198). These are Node's former defaults, in
// bytes.
const EXTENSIBLE: Record<string, number> = { shake128: 16, shake256: 32 };

function extensible(algorithm: string): number | undefined {
  return EXTENSIBLE[algorithm.toLowerCase()];
}

/** A new hash; throws where this build of Node lacks the algorithm. */
export function newHash(algorithm: string) {
  const outputLength = extensible(algorithm);
  return createHash(algorithm, outputLength === undefined ? undefined : { outputLength });
}
