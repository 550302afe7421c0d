import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { ratio, spread } from './lib/stats.mjs';

/** The command `leastwork map` against what else there is for a function over the lines of a file. */

const COMMAND = fileURLToPath(new URL('../dist/node/command.cjs', import.meta.url));
const here = (/** @type {string} */ name) => fileURLToPath(new URL(`./lib/batch/${name}`, import.meta.url));
const OURS = 'leastwork map';
const JOURNAL = `${OURS}, journal`;
const FAST = 'Node, one thread';
/** Lines of the largest input. */
const MANY = 1_000_000;

const options = benchOptions();
/** The case of the goals has so many rounds, the others 3. */
const rounds = options.rounds(5, 2);
const [workers] = options.workers([os.availableParallelism()]);
const directory = mkdtempSync(join(tmpdir(), 'leastwork-batch-'));

/**
 * @typedef {{ name: string, settings: string, command: string, needs?: string }} Contestant `command` is of a
 *   shell: `$1` the input, `$2` the
 *   output, `$3` the µs of work for each item
 */

/** @type {Contestant[]} */
const all = [
  {
    name: OURS,
    settings: `leastwork map lib/batch/task.cjs#id INPUT --workers ${workers} --output FILE`,
    command: `exec "${process.execPath}" "${COMMAND}" map --quiet -j ${workers} "${here('task.cjs')}#id" "$1" -o "$2"`,
  },
  {
    name: JOURNAL,
    settings: 'the same with --journal FILE, which synchronises to the disk',
    command: `rm -f "$2.journal"; exec "${process.execPath}" "${COMMAND}" map --quiet -j ${workers} "${here('task.cjs')}#id" "$1" -o "$2" --journal "$2.journal"`,
  },
  {
    name: FAST,
    settings: 'lib/batch/fast.cjs: pieces of 64 KB, cut and decoded by hand',
    command: `exec "${process.execPath}" "${here('fast.cjs')}" "$1" > "$2"`,
  },
  {
    name: 'bare threads',
    settings: `lib/batch/bare.cjs: ${workers} threads that each read a share of the file, and nothing else: what the machine has to give`,
    command: `exec "${process.execPath}" "${here('bare.cjs')}" "$1" ${workers} > "$2"`,
  },
  {
    name: 'Node, readline',
    settings: 'lib/batch/readline.cjs: for await (const line of createInterface(…))',
    command: `exec "${process.execPath}" "${here('readline.cjs')}" "$1" > "$2"`,
  },
  {
    name: 'xargs node',
    settings: `xargs -P ${workers} -n 1000 node lib/batch/arguments.cjs (the order is lost)`,
    command: `xargs -d '\\n' -P ${workers} -n 1000 "${process.execPath}" "${here('arguments.cjs')}" < "$1" > "$2"`,
    needs: 'xargs',
  },
  {
    name: 'parallel node',
    settings: `parallel --pipe -j ${workers} -k node lib/batch/fast.cjs`,
    command: `parallel --pipe -j ${workers} -k "${process.execPath}" "${here('fast.cjs')}" < "$1" > "$2"`,
    needs: 'parallel',
  },
  { name: 'jq', settings: 'jq -r .id', command: 'exec jq -r .id "$1" > "$2"', needs: 'jq' },
];
const missing = all.filter(({ needs }) => needs && spawnSync('which', [needs]).status !== 0);
const contestants = all.filter((each) => !missing.includes(each));
for (const { name, needs } of missing) progress(`${name}: left out, since ${needs} is not installed here`);

/**
 * Lines of about that many bytes.
 * @param {number} count
 * @param {number} bytes
 */
function makeInput(count, bytes) {
  const path = join(directory, `input-${count}-${bytes}`);
  const file = openSync(path, 'w');
  for (let n = 0; n < count; ) {
    const lines = [];
    for (const end = Math.min(n + 10_000, count); n < end; n++) {
      const start = `{"id":"u${(n * 7_919) % 1_000_003}","n":${n},"tags":["a","b"],"v":${(n * 31) % 1_000},"pad":"`;
      lines.push(`${start.padEnd(bytes - 3, 'x')}"}`);
    }
    writeSync(file, `${lines.join('\n')}\n`);
  }
  return path;
}

/**
 * Wall time in ms, from the start of the process to its end.
 * @param {Contestant} contestant
 * @param {string} input
 * @param {number} work
 */
async function time({ name, command }, input, work) {
  const output = join(directory, 'output');
  const start = performance.now();
  const child = spawn('bash', ['-c', command, 'bash', input, output], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, WORK_US: String(work) },
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name}: exit code ${code}`);
  return performance.now() - start;
}

/**
 * The same for the same lines in any order.
 * @param {string} text
 */
function digest(text) {
  let sum = 0;
  let lines = 0;
  for (const line of text.split('\n')) {
    let hash = 7;
    for (let i = 0; i < line.length; i++) hash = (Math.imul(hash, 31) + line.charCodeAt(i)) | 0;
    sum += hash;
    lines++;
  }
  return `${lines} lines, ${sum}`;
}

const shown = contestants.map(({ name }) => name);

/** Writes what has been measured so far: a run that is cut short leaves its figures. */
function report(/** @type {boolean} */ isFinal) {
  write(
    {
      name: 'batch',
      title: 'Batches: a function over the lines of a file',
      method:
        `JSON.parse of each line, one field out, and so much more work as the case says. Wall time of the whole process, Node’s start included, ${workers} workers, the input in the system’s cache; in turn. ` +
        `The ratio is the median of the rounds’ ratios to “${FAST}”. That all give the same lines is checked.`,
      quick: options.quick,
      rounds,
      rivals: [
        ...contestants.map(({ name, settings }) => ({ name, settings })),
        ...missing.map(({ name, needs }) => ({ name, settings: `left out: ${needs} is not installed` })),
      ],
      packages: ['leastwork'],
      tables: [
        {
          title: 'Wall time, ms: median (min–max)',
          head: ['', ...shown],
          rows: results.map(({ label, times }) => [
            label,
            ...shown.map((name) => (times[name] ? withSpread(times[name]) : '')),
          ]),
        },
        {
          title: `Ratio to “${FAST}”`,
          head: ['', ...shown],
          rows: results.map(({ label, ratios }) => [
            label,
            ...shown.map((name) => (ratios[name] ? withSpread(ratios[name]) : '')),
          ]),
        },
        {
          title:
            'What the journal costs: time with it in relation to that without (wanted for a million lines: ≤ 1.03)',
          head: ['', 'ratio'],
          rows: results.map(({ label, journal }) => [label, withSpread(journal)]),
        },
        {
          title: 'Per item, µs (median)',
          head: ['', ...shown],
          rows: results.map(({ label, count, times }) => [
            label,
            ...shown.map((name) => (times[name] ? figure((times[name].median * 1_000) / count) : '')),
          ]),
        },
      ],
      data: results,
      plots: {
        '': plot(
          [
            {
              title: `Wall time, ${FAST} = 1`,
              x: '',
              y: '',
              xType: 'category',
              categories: results.map(({ label }) => label),
              series: shown.map((name) => ({
                name,
                points: results
                  .filter(({ ratios }) => ratios[name])
                  .map(({ label, ratios }) => [label, Number(ratios[name].median.toPrecision(3))]),
              })),
            },
          ],
          'bar',
        ),
      },
    },
    isFinal,
  );
}

/** @type {any[]} */
const results = [];
try {
  const cases = options.quick
    ? [{ label: '100,000 lines of 100 bytes', count: 100_000, bytes: 100, work: 0 }]
    : [
        { label: '1,000,000 lines of 100 bytes', count: 1_000_000, bytes: 100, work: 0 },
        { label: '50,000 lines of 100 bytes', count: 50_000, bytes: 100, work: 0 },
        { label: '100,000 lines, 1 µs more each', count: 100_000, bytes: 100, work: 1 },
        { label: '40,000 lines, 20 µs more each', count: 40_000, bytes: 100, work: 20 },
        { label: '1,000 lines, 1 ms more each', count: 1_000, bytes: 100, work: 1_000 },
      ];
  for (const { label, count, bytes, work } of cases) {
    progress(label);
    const input = makeInput(count, bytes);
    // jq has no such work, and needs four times as long; a start of Node for each 1,000 lines takes minutes.
    const entrants = contestants.filter(({ name }) =>
      name === 'jq'
        ? work === 0 && count < MANY
        : name !== 'xargs node' || (count < MANY && (work === 0 || work >= 1_000)),
    );
    const caseRounds = count < MANY ? Math.min(rounds, 3) : rounds;
    let expected;
    for (const contestant of entrants) {
      await time(contestant, input, work);
      const lines = digest(readFileSync(join(directory, 'output'), 'utf8'));
      expected ??= lines;
      if (lines !== expected) throw new Error(`${contestant.name}: other results`);
    }
    const samples = await interleave(entrants, caseRounds, (contestant) => time(contestant, input, work));
    const times = Object.fromEntries([...samples].map(([{ name }, values]) => [name, spread(values)]));
    results.push({
      label,
      count,
      times,
      journal: ratio(times[JOURNAL], times[OURS]),
      ratios: Object.fromEntries(Object.keys(times).map((name) => [name, ratio(times[name], times[FAST])])),
    });
    report(results.length === cases.length);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
