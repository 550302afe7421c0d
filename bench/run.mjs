import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * `npm run bench [-- NAME… [--quick] [--rounds N] [--rivals A,B] [--workers 1,2]]`: installs the rivals where
 * they are missing, builds, and runs the named benchmarks, or all; each in a process of its own.
 */

const ALL = [
  'overhead',
  'granularity',
  'skew',
  'hashing',
  'memory',
  'busy',
  'crashing',
  'replacing',
  'scaling',
  'crowded',
  'payloads',
  'policies',
  'parse',
  'command',
  'map',
  'batch',
  'observe',
  'cluster',
  'targets',
];

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const names = process.argv.slice(2).filter((arg) => ALL.includes(arg));
const flags = process.argv.slice(2).filter((arg) => !ALL.includes(arg));
const unknown = flags.filter(
  (flag, i) => !flag.startsWith('--') && !(flags[i - 1] ?? '').match(/^--(rounds|rivals|workers)$/),
);
if (unknown.length > 0) {
  process.stderr.write(`unknown benchmark: ${unknown.join(', ')}; there are: ${ALL.join(', ')}\n`);
  process.exit(2);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function must(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

must(process.execPath, [`${root}.ci/setup.mjs`], root);
if (!existsSync(`${here}node_modules`))
  must('npm', ['install', '--no-save', '--no-audit', '--no-fund'], here);

for (const name of names.length > 0 ? names : ALL) {
  process.stderr.write(`\n== ${name}\n`);
  const start = performance.now();
  must(process.execPath, [`${here}${name}.mjs`, ...flags], root);
  process.stderr.write(`== ${name}: ${Math.round((performance.now() - start) / 1_000)} s\n`);
}
