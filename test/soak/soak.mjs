/**
 * A long run of everything at once, seeded: `npm run soak -- --requests 1000000 --seed N [--output FILE]`.
 * Whatever happens to the threads, every promise settles once, every result is right, each rejection is one
 * that its request had earned, and nothing is left at the end. Prints a table; exit code 1 on any violation,
 * with the first ten.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inventory, LiveTimers, leftSince, memory } from './leftovers.mjs';
import { catchOutput } from './printed.mjs';
import { table } from './table.mjs';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string' },
  },
});
const requests = wholeNumber('requests');
const seed = wholeNumber('seed');
if (globalThis.gc === undefined) throw new Error('start Node with --expose-gc');

/**
 * What memory may have grown by at the end, in MB: V8 keeps compiled code, and malloc the arenas of threads
 * that have gone. With Node 24 the process keeps more of its threads, bare ones as well: it was 340 to 400 MB
 * large from 100,000 requests up to 500,000.
 */
const isNode20 = process.version.startsWith('v20.');
const bounds = { heapUsed: 8, arrayBuffers: 18, rss: isNode20 ? 96 : 288 };
/** Another mixture first, so that what the process needs only once is there before it is measured. */
const WARM_UP = { requests: 3_000, seed: 7 };

const timers = new LiveTimers();
timers.install();
const { run } = await import('./run.mjs');
catchOutput();

const warmUp = await run(WARM_UP);
const before = await memory();
const there = inventory(timers);
const result = await run({ requests, seed, onProgress: requests > 100_000 ? progress() : undefined });
const { ledger } = result;
ledger.violations.unshift(...warmUp.ledger.violations.map((violation) => `warm-up: ${violation}`));
for (const left of await leftSince(there, timers)) ledger.violate(`left over: ${left}`);
if (requests > 100_000) await arenasLetGo();
const after = await memory();
for (const [name, bound] of Object.entries(bounds)) {
  if (after[name] > before[name] + bound)
    ledger.violate(`${name} grew from ${before[name]} to ${after[name]} MB`);
}

/** Memory shared with threads that have ended, 4 MB each, is kept for the next ones for 10 s. */
function arenasLetGo() {
  return new Promise((resolve) => setTimeout(resolve, 12_000));
}

const text = table({ ...result, before, after, bounds });
console.log(text);
if (values.output !== undefined) writeFileSync(values.output, text);
if (ledger.violations.length > 0) {
  console.log(`${ledger.violations.length} violations:\n${ledger.violations.slice(0, 10).join('\n')}`);
  process.exitCode = 1;
  // What hangs must not keep it.
  setTimeout(() => process.exit(), 1_000).unref();
}

function wholeNumber(name) {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name}: got '${values[name]}', expected a whole number above 0`);
}

/** Says how far it is, every ten seconds. */
function progress() {
  let calls = 0;
  return (settled) => {
    if (++calls % 10 === 0) process.stderr.write(`${settled} settled\n`);
  };
}
