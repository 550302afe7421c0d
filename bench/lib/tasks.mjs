import { createHash, scryptSync } from 'node:crypto';

/**
 * What the benchmarks run. The same file is loaded by every rival in its own way, so the work is the same.
 * Each task takes one argument, since that is all that Piscina, Tinypool and poolifier pass on.
 */

/** Does nothing: what is left is the cost of the pool. */
export function noop() {}

/**
 * Keeps a core busy for a number of steps of a xorshift generator. Each step needs the one before it, so a
 * step takes the same time in every thread, and the result is returned so that no compiler can drop the loop.
 * @param {number} steps
 */
export function spin(steps) {
  let x = 1;
  for (let i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

/**
 * `count` spins as one task: the bare threads of the granularity and scaling benchmarks.
 * @param {{ steps: number, count: number }} arg
 */
export function spinMany({ steps, count }) {
  let x = 0;
  for (let i = 0; i < count; i++) x ^= spin(steps);
  return x;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Occupies the thread without using the CPU, so that eight workers can be loaded on two cores.
 * @param {number} ms
 * @returns {number} how long it really took, in ms: the timer of the system overshoots
 */
export function block(ms) {
  const start = performance.now();
  Atomics.wait(never, 0, 0, ms);
  return performance.now() - start;
}

/**
 * Blocks until the caller's flag is no longer 0: holds a worker while a queue is filled.
 * @param {Int32Array} flag
 */
export function blockUntil(flag) {
  Atomics.wait(flag, 0, 0);
}

/** @param {Uint8Array} bytes */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param {Uint8Array} bytes */
export function blake2(bytes) {
  return createHash('blake2b512').update(bytes).digest('hex');
}

const hashes = { sha256, blake2, scrypt };

/**
 * `count` hashes as one task, of each argument in turn: the bare threads of the hashing benchmark.
 * @param {{ task: keyof typeof hashes, args: any[], count: number }} arg
 */
export function hashMany({ task, args, count }) {
  const hash = hashes[task];
  let last = '';
  for (let i = 0; i < count; i++) last = hash(args[i % args.length]);
  return last;
}

/** @param {number} cost N of scrypt; r = 8, p = 1 */
export function scrypt(cost) {
  return scryptSync('correct horse battery staple', 'salt', 32, { N: cost }).toString('hex');
}

/**
 * Walks a JSON-like tree and gives one of the same shape back.
 * @param {any} node
 * @returns {any}
 */
export function mapTree(node) {
  return {
    id: node.id + 1,
    name: node.name.toUpperCase(),
    tags: node.tags.slice().sort(),
    sum: node.values.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0),
    values: node.values,
    children: node.children.map(mapTree),
  };
}

/**
 * Bytes as a result.
 * @param {number} size
 */
export function produce(size) {
  return new Uint8Array(size).fill(7);
}

/** Ends its thread, and with it the request. */
export function crash() {
  process.exit(1);
}
