import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { ratio, spread } from './lib/stats.mjs';
import { Trees } from './lib/trees.mjs';

/** The command `leastwork hash` against the shell's own way to hash a tree on all cores. */

const COMMAND = fileURLToPath(new URL('../dist/node/command.cjs', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../node_modules', import.meta.url));
const OURS = 'leastwork hash';
const XARGS = 'xargs sha256sum';

const options = benchOptions();
const rounds = options.rounds(9, 2);
const [workers] = options.workers([os.availableParallelism()]);

/**
 * Each hashes the tree `$1` into the file `$2`.
 * @type {{ name: string, settings: string, command: string[] }[]}
 */
const contestants = [
  {
    name: OURS,
    settings: `leastwork hash TREE --workers ${workers} --output FILE`,
    command: [process.execPath, COMMAND, 'hash', '$1', '--workers', String(workers), '--output', '$2'],
  },
  {
    name: XARGS,
    settings: `find TREE -type f -print0 | xargs -0 -P ${workers} sha256sum > FILE`,
    command: [
      'sh',
      '-c',
      `find "$1" -type f -print0 | xargs -0 -P ${workers} sha256sum > "$2"`,
      'sh',
      '$1',
      '$2',
    ],
  },
];

/**
 * Wall time in ms, from the start of the process to its end.
 * @param {(typeof contestants)[number]} contestant
 * @param {string} tree
 * @param {string} file
 */
async function time({ name, command }, tree, file) {
  const [program, ...args] = command.map((arg) => (arg === '$1' ? tree : arg === '$2' ? file : arg));
  const start = performance.now();
  const child = spawn(program, args, { stdio: 'ignore' });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} on ${tree}: exit code ${code}`);
  return performance.now() - start;
}

const trees = new Trees();
const results = [];
try {
  const gigabyte = options.quick ? 2 ** 27 : 2 ** 30;
  const small = options.quick
    ? [[2_000, 8]]
    : [
        [2_000, 8],
        [20_000, 8],
        [20_000, 16],
        [100_000, 8],
      ];
  const cases = [
    ...small.map(([count, kilobytes]) => ({
      label: `${figure(count)} files of up to ${kilobytes} KB`,
      make: () => trees.small(count, kilobytes * 1_024),
    })),
    { label: 'node_modules of this checkout', make: () => NODE_MODULES },
    { label: `3 files of ${gigabyte / 2 ** 20} MB`, make: () => trees.large(3, gigabyte) },
  ];
  for (const { label, make } of cases) {
    progress(label);
    const tree = make();
    // What is hashed lies in the system's cache from now on; and both find the same.
    for (const contestant of contestants) await time(contestant, tree, trees.file(contestant.name));
    const [ours, theirs] = contestants.map(({ name }) => trees.sortedLines(name));
    if (ours.join('\n') !== theirs.join('\n')) throw new Error(`${label}: the two manifests differ`);
    const samples = await interleave(contestants, rounds, (contestant) =>
      time(contestant, tree, trees.file('manifest')),
    );
    const times = Object.fromEntries([...samples].map(([{ name }, values]) => [name, spread(values)]));
    results.push({ label, files: ours.length - 1, times, ratio: ratio(times[OURS], times[XARGS]) });
  }
} finally {
  trees.remove();
}

const shown = contestants.map(({ name }) => name);
write({
  name: 'command',
  title: 'The command: hashing a tree of files',
  method:
    `Wall time of the whole process, Node’s start included, ${workers} workers, the files in the system’s cache; in turn, a manifest written to a file each time. The ratio is the ` +
    'median of the rounds’ ratios. That both manifests hold the same lines is checked.',
  quick: options.quick,
  rounds,
  rivals: contestants.map(({ name, settings }) => ({ name, settings })),
  packages: ['leastwork'],
  tables: [
    {
      title: 'Wall time, ms: median (min–max)',
      head: ['', 'files', ...shown, 'ratio'],
      rows: results.map(({ label, files, times, ratio }) => [
        label,
        figure(files),
        ...shown.map((name) => withSpread(times[name])),
        withSpread(ratio),
      ]),
    },
  ],
  data: results,
  plots: {
    '': plot(
      [
        {
          title: 'Wall time, xargs sha256sum = 1',
          x: '',
          y: '',
          xType: 'category',
          categories: results.map(({ label }) => label),
          series: shown.map((name) => ({
            name,
            points: results.map(({ label, ratio }) => [
              label,
              name === OURS ? Number(ratio.median.toPrecision(3)) : 1,
            ]),
          })),
        },
      ],
      'bar',
    ),
  },
});
