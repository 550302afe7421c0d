// The rows of the matrix: the packed package in projects as users have them, with their tools. Each folder of
// test/matrix/ is a project; each of its scripts `test:…` is a row, which must exit with 0.
//
//     node .ci/rows.mjs [--quick | --all] [PROJECT | PROJECT/ROW]…
//
// `leastwork` in the project's package.json says which rows are `quick` (part of .ci/run) and which are
// `heavy` (part of --all alone), and from which version of Node on a row is meant (`node`). Projects are
// installed below the temporary folder, and kept there for the next run.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.dirname(import.meta.dirname);
const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean' }, all: { type: 'boolean' } },
  allowPositionals: true,
});
const base = path.join(
  tmpdir(),
  `leastwork-matrix-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`,
);
const LIMIT_MS = 300_000;

/** Whether this Node is at least of a version, as in `22.18`. */
function isNode(least) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wanted, wantedMinor = 0] = least.split('.').map(Number);
  return major > wanted || (major === wanted && minor >= wantedMinor);
}

/** The environment of a user of this Node: npm's variables would point at this repository. */
function envOf(folder) {
  const env = { ...process.env, CI: 'true', NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1' };
  for (const name of Object.keys(env))
    if (/^(npm_|NODE_|VITEST|INIT_CWD$|TEST$|FORCE_COLOR$)/i.test(name)) delete env[name];
  const paths = [path.dirname(process.execPath), path.join(folder, 'node_modules/.bin')];
  env.PATH = [...paths, env.PATH].join(path.delimiter);
  return env;
}

function selected(project, row, { quick = [], heavy = [], node = {} }) {
  const named =
    positionals.length === 0 || positionals.some((each) => [project, `${project}/${row}`].includes(each));
  if (!named || !isNode(node[row] ?? '20.19')) return false;
  if (values.quick) return quick.includes(row);
  return values.all || positionals.length > 0 || !heavy.includes(row);
}

/** The packed package as a user gets it: the same file for all rows. */
function pack() {
  mkdirSync(base, { recursive: true });
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', base];
  return path.join(base, execFileSync('npm', args, { cwd: root, encoding: 'utf8' }).trim());
}

/** A fresh copy of a project, with its packages of last time where they are still the same. */
function install(project, tarball) {
  const folder = path.join(base, project);
  const source = path.join(root, 'test/matrix', project);
  const manifest = readFileSync(path.join(source, 'package.json'), 'utf8');
  const stamp = path.join(folder, 'node_modules/.leastwork');
  const isKept = existsSync(stamp) && readFileSync(stamp, 'utf8') === manifest;
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (name !== 'node_modules' || !isKept) rmSync(path.join(folder, name), { recursive: true, force: true });
  cpSync(source, folder, { recursive: true });
  const wanted = isKept
    ? []
    : Object.entries(JSON.parse(manifest).packages ?? {}).map(([name, version]) => `${name}@${version}`);
  const args = [
    'install',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--prefer-offline',
    '--loglevel=error',
    '--no-save',
  ];
  if (isKept) {
    // Only the package itself is new; its dependencies are there.
    const own = path.join(folder, 'node_modules/leastwork');
    rmSync(own, { recursive: true, force: true });
    mkdirSync(own, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', own, '--strip-components=1']);
    return folder;
  }
  execFileSync('npm', [...args, tarball, ...wanted], {
    cwd: folder,
    env: envOf(folder),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  writeFileSync(stamp, manifest);
  return folder;
}

/** The beginning and the end of an output. */
const shortened = (text) =>
  text.length < 8_000 ? text : `${text.slice(0, 3_000)}\n…\n${text.slice(-4_000)}`;

const results = [];
let tarball;
for (const project of readdirSync(path.join(root, 'test/matrix')).sort()) {
  const { scripts, leastwork = {} } = JSON.parse(
    readFileSync(path.join(root, 'test/matrix', project, 'package.json'), 'utf8'),
  );
  const rows = Object.keys(scripts ?? {})
    .filter((name) => name.startsWith('test:'))
    .map((name) => name.slice('test:'.length))
    .filter((row) => selected(project, row, leastwork));
  if (rows.length === 0) continue;
  tarball ??= pack();
  let folder;
  try {
    folder = install(project, tarball);
  } catch (error) {
    for (const row of rows) results.push({ project, row, ok: false });
    console.log(`FAILED ${project}: its packages cannot be installed: ${error.message}`);
    continue;
  }
  for (const row of rows) {
    const begin = Date.now();
    const { status, signal, stdout, stderr } = spawnSync(scripts[`test:${row}`], {
      cwd: folder,
      env: envOf(folder),
      shell: true,
      encoding: 'utf8',
      timeout: LIMIT_MS,
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ok = status === 0;
    results.push({ project, row, ok });
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${`${project}/${row}`.padEnd(40)} ${seconds} s`);
    if (!ok) console.log(`${shortened(stdout)}${shortened(stderr)}\n(ended with ${status ?? signal})`);
  }
}
const failed = results.filter(({ ok }) => !ok);
console.log(`Node ${process.version}: ${results.length - failed.length} of ${results.length} rows passed`);
for (const { project, row } of failed) console.log(`  failed: ${project}/${row}`);
process.exitCode = failed.length > 0 ? 1 : 0;
