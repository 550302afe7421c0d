// Kill tests of `leastwork map --journal --resume`: node test/batch/kills.mjs [KILLS] [SEED]
//
// A batch with failures, retries and dying threads is killed at random moments (SIGKILL, SIGINT, SIGINT
// twice) and run again until it is complete; then its output and its failed items must be those of the batch
// that nobody killed, byte for byte. Prints one line of JSON.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/node/command.cjs', import.meta.url));
const TASK = fileURLToPath(new URL('./kills/task.mjs', import.meta.url));
const ITEMS = 3_000;
const [wanted = 20, seed = Date.now() % 1e6] = process.argv.slice(2).map(Number);
const random = seeded(seed);
const directory = mkdtempSync(join(tmpdir(), 'leastwork-kills-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

// Long enough for a batch in order whose threads read the file themselves, until some of it is done.
writeFileSync(
  join(directory, 'input'),
  Array.from(
    { length: ITEMS },
    (_, n) => `${JSON.stringify({ n, pad: 'y'.repeat(6_000 + (n % 90)) })}\n`,
  ).join(''),
);

const WAYS = ['SIGKILL', 'SIGKILL', 'SIGINT', 'SIGINT twice'];
const report = { seed, kills: 0, byWay: {}, batches: 0, runs: 0, midway: 0, seconds: 0 };
const started = performance.now();

const expected = {};
for (const order of ['ordered', 'unordered']) {
  const { code, stderr } = await run(`${order}-whole`, order, undefined);
  if (code !== 1) fail(`the batch that nobody kills ended with ${code}: ${stderr}`);
  expected[order] = filesOf(`${order}-whole`, order);
}
if (expected.ordered.output.split('\n').sort().join('\n') !== expected.unordered.output)
  fail('the orders differ');

while (report.kills < wanted) {
  const order = report.batches % 2 === 0 ? 'ordered' : 'unordered';
  const name = `batch-${report.batches++}`;
  for (;;) {
    const way = report.kills < wanted ? WAYS[Math.floor(random() * WAYS.length)] : undefined;
    const { code, signal, stderr } = await run(name, order, way);
    report.runs++;
    if (signal === null && code !== 1) fail(`${name} ended with ${code}: ${stderr}`);
    if (signal === null) break;
    report.kills++;
    report.byWay[way] = (report.byWay[way] ?? 0) + 1;
  }
  const found = filesOf(name, order);
  for (const kind of ['output', 'errors']) {
    if (found[kind] !== expected[order][kind]) {
      writeFileSync(join(tmpdir(), `leastwork-kills-${kind}`), found[kind]);
      fail(`seed ${seed}, ${name} (${order}): the ${kind} differ`);
    }
  }
}
report.seconds = Math.round((performance.now() - started) / 100) / 10;
console.log(JSON.stringify(report));

/** Runs the command, and kills it that way after some time, if it has not ended. */
function run(name, order, way) {
  const files = ['-o', `${name}.out`, '--errors', `${name}.err`, '--journal', `${name}.journal`, '--resume'];
  const args = ['map', '--quiet', '-j', '2', '--retries', '6', '--retry-delay', '1ms', ...files];
  if (order === 'unordered') args.push('--unordered');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args, `${TASK}#row`, 'input'], { cwd: directory });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const timers = [];
    if (way !== undefined) {
      const [signal, twice] = way.split(' ');
      const kill = (ms) => timers.push(setTimeout(() => child.kill(signal), ms));
      const ms = random() * 1_500;
      kill(ms);
      if (twice) kill(ms + random() * 60);
    }
    child.on('close', (code, signal) => {
      for (const timer of timers) clearTimeout(timer);
      const size = sizeOf(join(directory, `${name}.out`));
      if (signal !== null && size > 0) report.midway++;
      resolve({ code, signal, stderr });
    });
  });
}

/** What comes in no order is sorted. */
function filesOf(name, order) {
  const sorted = (text) => (order === 'ordered' ? text : text.split('\n').sort().join('\n'));
  const errors = readFileSync(join(directory, `${name}.err`), 'utf8');
  return { output: sorted(readFileSync(join(directory, `${name}.out`), 'utf8')), errors: sorted(errors) };
}

function sizeOf(path) {
  try {
    return readFileSync(path).length;
  } catch {
    return 0;
  }
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

/** mulberry32. */
function seeded(from) {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
