// Runs the examples, and the README's, as users would: each in a folder of its own, with the packed library.
//   node .ci/examples.mjs [NAME…]
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { checks } from './examples/checks.mjs';
import { Project } from './examples/project.mjs';

/** Installing waits for the network and the disk, more than for a core. */
const INSTALLS_AT_A_TIME = 3;

/** The first program of the README, in an empty project. */
const README = 'readme';

const all = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .concat(README);
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const unknown = names.filter((name) => !all.includes(name) || !Object.hasOwn(checks, name));
if (unknown.length > 0) {
  console.log(`no example, or no check of one: ${unknown.join(', ')}`);
  process.exit(1);
}

const tarball = pack();
const failed = [];
const waiting = [...names];
let installed;
/** An empty project with the library. */
const plain = () => {
  installed ??= Project.create('plain', undefined, tarball);
  return installed;
};
// One check at a time: they tell by the answers' times who is slow.
let turn = Promise.resolve();

await Promise.all(
  Array.from({ length: INSTALLS_AT_A_TIME }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await run(name);
  }),
);
await installed?.then(
  (project) => project.remove(),
  () => {},
);
for (const { name, error } of failed) console.log(`\n${name}: ${error.stack}`);
console.log(`examples: ${names.length - failed.length} of ${names.length} passed`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function run(name) {
  let project;
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  try {
    const source = name === README ? undefined : path.join('examples', name);
    project = await Project.create(name, source, tarball, source && plain);
    const installed = seconds();
    const check = turn.then(() => checks[name](project));
    turn = check.catch(() => {});
    await check;
    console.log(`${name}: passed, ${seconds()}, installed after ${installed}`);
  } catch (error) {
    failed.push({ name, error });
    console.log(`${name}: FAILED, ${seconds()}`);
  } finally {
    await project?.remove();
  }
}

/** @returns the path of the packed library */
function pack() {
  const folder = path.resolve('.setup', 'examples');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Set-up has built; `prepack` would only do it again.
  const { status, stdout, stderr } = spawnSync(
    process.platform === 'win32' ? 'npm.cmd' : 'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder],
    { encoding: 'utf8', shell: process.platform === 'win32' },
  );
  if (status !== 0) throw new Error(`npm pack: ${stderr}`);
  return path.join(folder, stdout.trim());
}
