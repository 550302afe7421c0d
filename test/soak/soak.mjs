/**
 * The soak: very many requests of all kinds, while threads crash in every way and the set of workers changes.
 *
 *   npm run soak -- --requests 1000000 --seed 1 [--workers 4] [--output file.md]
 *
 * Afterwards every promise must have settled exactly once, every result be right, every rejection be one that its request had
 * earned, no thread, port, listener or timer be left, and the memory be back to where it was. Exit code 1 otherwise.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Draw } from './draw.mjs';
import { report } from './report.mjs';
import { Run } from './run.mjs';

/** What may stay: caches, compiled code, the runtime's own. In MB. */
const MOST_HEAP = 6;
const MOST_BUFFERS = 2;
const WARM_UP = 5_000;

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(Math.max(2, availableParallelism())) },
    output: { type: 'string' },
  },
});
const [requests, seed, workers] = ['requests', 'seed', 'workers'].map((name) => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name}: got ${options[name]}, expected an integer ≥ 1`);
  return value;
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** In MB, after everything that can be freed is freed. */
async function memory() {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collectGarbage();
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed / 2 ** 20, buffers: arrayBuffers / 2 ** 20, resident: rss / 2 ** 20 };
}

/** Threads, ports and timers that would keep the process alive; pipes are those of its own output. */
const handles = () => process.getActiveResourcesInfo().filter((name) => !/^(TTY|Pipe|FS)/.test(name));
const listeners = () =>
  process
    .eventNames()
    .map((name) => `${String(name)}: ${process.listenerCount(name)}`)
    .join();

// A first run brings code, caches and the allocator to where they stay.
await new Run(new Draw(seed + 1), workers).do(WARM_UP);
const listenersBefore = listeners();
const before = await memory();

const start = performance.now();
const run = await new Run(new Draw(seed), workers).do(requests);
const seconds = (performance.now() - start) / 1_000;

const { books, changes, settled, violations } = run;
const after = await memory();
if (settled !== requests) violations.push(`${requests} requests, but ${settled} were settled`);
if (handles().length > 0) violations.push(`left over: ${handles()}`);
if (listeners() !== listenersBefore)
  violations.push(`listeners of the process: ${listeners()}; before: ${listenersBefore}`);
if (after.heap > before.heap + MOST_HEAP)
  violations.push(`heap: ${before.heap} MB before, ${after.heap} MB after`);
if (after.buffers > before.buffers + MOST_BUFFERS) {
  violations.push(`buffers: ${before.buffers} MB before, ${after.buffers} MB after`);
}

const where = `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores; ${process.platform} ${process.arch}; Node ${process.version}`;
const text = report({ requests, seed, workers, seconds, books, changes, before, after, violations, where });
process.stdout.write(text);
if (options.output !== undefined) {
  mkdirSync(path.dirname(path.resolve(options.output)), { recursive: true });
  writeFileSync(options.output, text);
}
process.exitCode = violations.length > 0 ? 1 : 0;
