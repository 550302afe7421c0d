// `npm start`: the library at work on real files. With arguments, `leastwork hash` with these. Without, a
// manifest of this checkout's node_modules: on all cores, then on one, and what the difference means.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { filesBelow } from './start/files.mjs';

const command = fileURLToPath(new URL('../dist/node/command.cjs', import.meta.url));
const oneCore = fileURLToPath(new URL('start/one-core.mjs', import.meta.url));
const folder = 'node_modules';
const manifest = 'node_modules.sha256';

const given = process.argv.slice(2);
if (given.length > 0) {
  const { status, signal } = spawnSync(process.execPath, [command, 'hash', ...given], { stdio: 'inherit' });
  if (signal) process.kill(process.pid, signal);
  if (status === 0 && given.some((arg) => arg === '--check' || arg === '-c')) say('every digest is right');
  process.exit(status ?? 1);
}

const cores = availableParallelism();
// As a shell expands node_modules/*: tools keep caches in hidden folders, which change.
const packages = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  .map(({ name }) => `${folder}/${name}`);
const files = packages.flatMap(filesBelow);
const size = files.reduce((sum, file) => sum + statSync(file).size, 0);
const count = String(files.length).replace(/\B(?=(?:\d{3})+$)/g, ',');
say(`
leastwork hashes the ${count} files below ${folder}, ${Math.round(size / 1e6)} MB: on ${cores} cores, then on one.
Before that each is read once, so that the disk does not count.
`);
for (const file of files) readFileSync(file);

say(`leastwork hash ${folder}/* --output ${manifest}`);
const spread = timed([command, 'hash', ...packages, '--output', manifest], 'inherit');

say('\nThe same files in a loop, one after the other:');
const alone = timed([oneCore, ...packages], 'pipe');
say(
  `${alone.seconds.toFixed(2)} s; the command took ${spread.seconds.toFixed(2)} s. Both include the start of Node.`,
);

const isEqual = alone.stdout.equals(readFileSync(manifest));
if (!isEqual)
  say(`The digests are not the same: a file has changed meanwhile, or this is a fault of leastwork.`);
say(`
${comparison(alone.seconds / spread.seconds)}${isEqual ? ' Both have found the same digests.' : ''}
The shares above are what each thread has hashed: whoever is free takes the next files, so that all end at the same time.

The digests are in ${manifest}, as sha256sum writes them.
  npm start -- --check --quiet ${manifest}     verifies the files
  npm start -- PATH...                                hashes your own
`);
process.exit(isEqual ? 0 : 1);

function comparison(ratio) {
  if (cores === 1) return 'This machine has one core, so that threads gain nothing.';
  const best = `${cores} cores can at best be ${cores} times as fast as one`;
  if (ratio >= 1.05) return `leastwork was ${ratio.toFixed(1)} times as fast as the loop; ${best}.`;
  return `leastwork was not faster than the loop this time: other programs have the cores. (${best}.)`;
}

/** Runs a program of this repository; ends as that ends where it fails. */
function timed(args, stdout) {
  const begin = performance.now();
  const child = spawnSync(process.execPath, args, {
    stdio: ['ignore', stdout, 'inherit'],
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (child.signal) process.kill(process.pid, child.signal);
  if (child.status !== 0) process.exit(child.status ?? 1);
  return { seconds: (performance.now() - begin) / 1000, stdout: child.stdout };
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
