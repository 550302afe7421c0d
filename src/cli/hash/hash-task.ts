import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { toPath } from '../files/bytes.js';
import { errnoOf } from '../files/errno.js';

/** Some files to hash in one request: small ones would otherwise cost more to hand over than to hash. */
export interface HashRequest {
  /** Number of the batch, given back in the reply. */
  readonly batch: number;
  /** A name that `crypto.createHash` takes. */
  readonly algorithm: string;
  /** The paths' bytes, as in `ByteString`, joined by NUL, which no path contains. `-` is standard input. */
  readonly paths: string;
  /** All of them are known to be regular files: no read of them waits for somebody who writes. */
  readonly regular?: boolean;
  /** One 64-bit count of bytes hashed by all workers so far, for the progress of large files; shared memory. */
  readonly counter: BigInt64Array | undefined;
}

/** What became of one file. */
export type Outcome =
  /** Its digest in lower-case hex. */
  | string
  /** It could not be read: the system error's code. */
  | { readonly error: string }
  /** It is large and handed back unread: it deserves a request of its own. */
  | null;

export interface HashReply {
  readonly batch: number;
  /** One for each path, in their order; fewer where the batch became too much work, and the rest is handed back. */
  readonly outcomes: readonly Outcome[];
  /** Bytes that were hashed. */
  readonly bytes: number;
  /** The thread that did it; 0 is the main thread. */
  readonly thread: number;
}

/**
 * A file that fills this is large. 256 KiB stay in a core's second-level cache, and are 150 µs of SHA-256: enough to
 * pay for a request.
 */
export const BUFFER_BYTES = 256 * 1024;

/** Once this much was hashed, the rest of a batch is handed back, so that other workers can have it. About 1 ms. */
export const BATCH_BYTES = 1024 * 1024;

let buffer: Buffer | undefined;

/** Does nothing: whoever has an answer knows that the thread has loaded this module. */
export function begin(): void {}

/**
 * Hashes files. Reads synchronously: the thread has nothing else to do, and an asynchronous read costs more than most
 * files take to hash. Of a batch of several, large files are handed back; a single one is hashed however large.
 */
export function hashFiles(request: HashRequest): HashReply {
  return hashBatch(request, !request.paths.includes('\0'));
}

/** As `hashFiles`, but a large file is handed back always. */
export function hashSmallFiles(request: HashRequest): HashReply {
  return hashBatch(request, false);
}

function hashBatch(request: HashRequest, evenLarge: boolean): HashReply {
  buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
  const paths = request.paths.split('\0');
  const outcomes: Outcome[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (bytes >= BATCH_BYTES) break;
    try {
      const hashed = hashFile(path, buffer, request, evenLarge);
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

function hashFile(path: string, chunk: Buffer, request: HashRequest, evenLarge: boolean) {
  const file = path === '-' ? 0 : openSync(toPath(path), 'r');
  try {
    const first = fill(file, chunk);
    if (first === chunk.length && !evenLarge && isRereadable(file)) return null;
    count(request, first);
    if (first < chunk.length && !extensible(request.algorithm)) {
      return { digest: hash(request.algorithm, chunk.subarray(0, first), 'hex'), bytes: first };
    }
    const digest = newHash(request.algorithm);
    let bytes = 0;
    for (let length = first; length > 0; length = fill(file, chunk)) {
      digest.update(length === chunk.length ? chunk : chunk.subarray(0, length));
      if (bytes > 0) count(request, length);
      bytes += length;
    }
    return { digest: digest.digest('hex'), bytes };
  } finally {
    if (file !== 0) closeSync(file);
  }
}

/** Whether what was read can be read again by whoever gets the file next: not so from a pipe, or standard input. */
function isRereadable(file: number): boolean {
  return file !== 0 && fstatSync(file).isFile();
}

/** Reads until the buffer is full or the file ends: a read may give less than was asked for, on a pipe above all. */
function fill(file: number, chunk: Buffer): number {
  let length = 0;
  while (length < chunk.length) {
    const read = readSync(file, chunk, length, chunk.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}

function count(request: HashRequest, bytes: number): void {
  if (request.counter) Atomics.add(request.counter, 0, BigInt(bytes));
}

// SHAKE's digests have any length; Node wants it to be said (DEP0198). These are its former defaults.
const EXTENSIBLE: Record<string, number> = { shake128: 16, shake256: 32 };

function extensible(algorithm: string): number | undefined {
  return EXTENSIBLE[algorithm.toLowerCase()];
}

/** A fresh hash; throws where this build of Node does not have the algorithm. */
export function newHash(algorithm: string) {
  const outputLength = extensible(algorithm);
  return createHash(algorithm, outputLength === undefined ? undefined : { outputLength });
}
