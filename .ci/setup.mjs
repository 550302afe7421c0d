// The one set-up behind `npm start`, `npm test` and `.ci/run`: a fresh clone with only Node and npm becomes a
// built one. Node builtins only, since nothing is installed yet. Says nothing on stdout, which belongs to the
// command that follows.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENTRIES } from './entries.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(root, ...parts);
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Below node_modules: it goes when they go, and git and npm never see it. */
const stamp = at('node_modules', '.cache', 'leastwork-build');

/**
 * Whether what package-lock.json asks for is what npm last put into node_modules (its own record:
 * .package-lock.json).
 */
export function isInstalled(wanted, installed) {
  return Object.entries(wanted.packages).every(([name, entry]) => {
    if (name === '') return true;
    const there = installed.packages[name];
    // Optional packages for other platforms are in the lockfile but not on the disk.
    if (there === undefined) return entry.optional === true;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

/** Sources of the dashboard's page, which runs in a browser: `page.mjs` makes texts of them. */
const PAGE = 'src/dashboard/page/';

/** The files that `tsc` writes for the given sources, relative to dist. */
function outputsOf(sources) {
  return sources
    .filter((source) => !source.endsWith('.d.ts') && !source.startsWith(PAGE))
    .flatMap((source) => {
      const [, base, kind] = /^(.*)\.(c?)ts$/.exec(source);
      return [`${base}.${kind}js`, `${base}.${kind}js.map`, `${base}.d.${kind}ts`];
    });
}

/** What `bundle.mjs` makes of sources, relative to dist, each with its map. */
export const BUNDLES = [
  'workers/main.cjs',
  'workers/shared-code.cjs',
  'workers/typescript-hooks.mjs',
  'node/core.cjs',
  'node/engine.cjs',
  'node/on-demand.cjs',
  'node/command.cjs',
  'node/threads.cjs',
  'node/hash-task.js',
  'node/map.cjs',
  'node/map-run.cjs',
  'node/journal.cjs',
  'node/watch.cjs',
  'node/work.cjs',
  'workers/chunk-task.cjs',
  'workers/piscina/main.cjs',
  'workers/piscina/worker.js',
  'workers/exports-task.mjs',
  'workers/items-task.mjs',
  ...Object.keys(ENTRIES)
    .filter((name) => name !== 'index')
    .map((name) => `node/${name}.cjs`),
];

/** What it writes of public names alone. */
const WRAPPERS = [
  'workers/piscina/package.json',
  'third-party-licenses.txt',
  'node/index.cjs',
  'node/worker.d.ts',
  'node/worker.d.cts',
  ...Object.keys(ENTRIES).flatMap((name) => [`node/${name}.js`, `node/${name}.d.ts`, `node/${name}.d.cts`]),
];

/** All that the build writes, relative to dist. */
export const outputs = () => [
  ...outputsOf(sourceFiles()),
  ...BUNDLES.flatMap((bundle) => [bundle, `${bundle}.map`]),
  ...WRAPPERS,
];

/** A source's types in CommonJS, which `declarations.mjs` writes of those that public types need. */
const isTypes = (file) => file.endsWith('.d.cts') && existsSync(at(file.replace(/\.d\.cts$/, '.ts')));

/** What the build is made by, besides TypeScript. */
const BUILDERS = [
  '.ci/bundle.mjs',
  '.ci/declarations.mjs',
  '.ci/entries.mjs',
  '.ci/page.mjs',
  `${PAGE}index.html`,
  `${PAGE}style.css`,
];

/** All files below `folder`, relative to `from`, with '/' on every platform. */
function filesBelow(folder, from) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(from, path.join(entry.parentPath ?? entry.path, entry.name)).replaceAll(path.sep, '/'),
    )
    .sort();
}

/** The library's sources, relative to the root of the checkout. */
export function sourceFiles(from = root) {
  return ['src', 'workers']
    .flatMap((folder) => filesBelow(path.join(from, folder), from))
    .filter((file) => /\.c?ts$/.test(file));
}

/** Runs a program quietly; what it said is shown only where it failed. */
function run(what, command, args) {
  process.stderr.write(`set-up: ${what}\n`);
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, {
    cwd: root,
    shell,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  if (result.status === 0) return;
  process.stderr.write(result.stdout ?? '');
  process.stderr.write(result.stderr ?? '');
  const why =
    result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit code ${result.status}`);
  fail(`${what}: failed (${why})`);
}

function fail(why) {
  process.stderr.write(`set-up: ${why}\n`);
  process.exit(1);
}

function install() {
  const wanted = readJson(at('package-lock.json'));
  const manifest = readJson(at('package.json'));
  for (const kind of ['dependencies', 'devDependencies']) {
    if (JSON.stringify(manifest[kind]) === JSON.stringify(wanted.packages[''][kind])) continue;
    fail(`package-lock.json does not fit the ${kind} of package.json: run npm install`);
  }
  const record = at('node_modules', '.package-lock.json');
  if (existsSync(record) && isInstalled(wanted, readJson(record))) return;
  // Not `npm ci`: it refuses a lockfile that lacks optional packages of other platforms, as those do that
  // were written against a mirror without them. With --no-save, install keeps to the lockfile just as well
  // and leaves it as it is.
  const args = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline'];
  // Under `npm start` and `npm test` this is the very npm that was called, even where another is first on the
  // PATH.
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) run('npm install', process.execPath, [npm, ...args]);
  else run('npm install', 'npm', args);
}

function build() {
  const sources = sourceFiles();
  const written = outputs();

  // The file of a removed source must neither be found by tests nor be packed.
  const expected = new Set(written);
  for (const file of filesBelow(at('dist'), at('dist')))
    if (!expected.has(file) && !isTypes(file)) rmSync(at('dist', file));

  const hash = createHash('sha256');
  for (const file of [...sources, 'tsconfig.json', 'package-lock.json', ...BUILDERS])
    hash.update(`${file}\0`).update(readFileSync(at(file)));
  const inputs = hash.digest('hex');
  const newest = (files, pick) => pick(...files.map((file) => statSync(file).mtimeMs));
  // The times tell of a build with other sources between this one and the last; the stamp, that the last had
  // no errors.
  const fresh =
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === inputs &&
    written.every((file) => existsSync(at('dist', file))) &&
    newest(
      sources.map((file) => at(file)),
      Math.max,
    ) <=
      newest(
        written.map((file) => at('dist', file)),
        Math.min,
      );
  if (fresh) return;
  run('build', process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', at('tsconfig.json')]);
  run('bundle', process.execPath, [at('.ci', 'bundle.mjs')]);
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, inputs);
}

if (realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || major === 21 || (major === 20 && minor < 19) || (major === 22 && minor < 12)) {
    process.stderr.write(`leastwork needs Node 20.19, or 22.12 or later; this is ${process.version}\n`);
    process.exit(1);
  }
  install();
  build();
}
