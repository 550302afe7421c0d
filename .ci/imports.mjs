// Checks who imports whom: the folder rules below, no circle of imports (types included), and no package that
// is not declared. `node .ci/imports.mjs [root]`: the root of another checkout, which has src/, workers/,
// package.json and ARCHITECTURE.md.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { parseSync } from 'oxc-parser';
import { sourceFiles } from './setup.mjs';

const root = process.argv[2] ?? path.dirname(import.meta.dirname);
const read = (file) => readFileSync(path.join(root, file), 'utf8');

/**
 * The folder rules: the folders from which the files of a folder may import, besides their own, types
 * included. `root` stands for the files of `src/` itself. Imports run downwards: a folder names only folders
 * above it here. ARCHITECTURE.md shows the same table; that they agree is checked below.
 */
const FOLDERS = {
  errors: [],
  collections: [],
  protocol: ['errors'],
  ledger: ['protocol'],
  metrics: ['ledger', 'protocol'],
  options: ['errors'],
  trace: ['errors', 'ledger', 'options', 'protocol'],
  profile: ['errors', 'options', 'protocol'],
  policies: ['errors', 'collections', 'options'],
  values: ['errors', 'protocol'],
  tasks: ['errors', 'ledger', 'options', 'protocol'],
  requests: ['errors', 'ledger', 'collections', 'protocol', 'policies', 'tasks'],
  worker: ['errors', 'ledger', 'protocol', 'options', 'policies', 'values', 'tasks', 'requests'],
  dispatch: ['errors', 'ledger', 'protocol', 'options', 'policies', 'values', 'tasks', 'requests', 'worker'],
  calls: [
    'errors',
    'collections',
    'ledger',
    'protocol',
    'options',
    'policies',
    'values',
    'tasks',
    'requests',
    'worker',
    'dispatch',
  ],
  pool: ['errors', 'protocol', 'options', 'policies', 'values', 'tasks', 'requests', 'worker', 'dispatch'],
  health: [
    'errors',
    'protocol',
    'options',
    'policies',
    'values',
    'tasks',
    'requests',
    'worker',
    'dispatch',
    'pool',
  ],
  stats: ['ledger', 'metrics', 'protocol', 'worker', 'dispatch', 'pool'],
  closing: ['errors', 'options', 'protocol', 'worker', 'dispatch', 'calls', 'pool'],
  router: ['errors', 'options', 'tasks', 'pool', 'calls', 'stats'],
  root: [
    'errors',
    'ledger',
    'metrics',
    'protocol',
    'options',
    'trace',
    'profile',
    'policies',
    'values',
    'tasks',
    'requests',
    'worker',
    'dispatch',
    'calls',
    'pool',
    'health',
    'stats',
    'closing',
    'router',
  ],
  batch: ['root', 'errors', 'protocol', 'options', 'policies', 'tasks', 'workers'],
  cluster: [
    'root',
    'batch',
    'errors',
    'ledger',
    'protocol',
    'options',
    'tasks',
    'requests',
    'calls',
    'router',
    'stats',
    'workers',
  ],
  dashboard: ['root', 'errors', 'ledger', 'metrics', 'options', 'protocol', 'stats', 'router'],
  prometheus: ['root', 'errors', 'ledger', 'options', 'stats', 'router'],
  opentelemetry: ['root', 'errors', 'ledger', 'options', 'protocol', 'stats', 'router', 'workers'],
  cli: ['root', 'batch', 'cluster', 'dashboard', 'profile', 'prometheus', 'errors', 'options'],
  workers: ['errors', 'protocol', 'values'],
};

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const manifest = JSON.parse(read('package.json'));
const dependencies = new Set(Object.keys(manifest.dependencies));

const isPackage = (target) => !/^(src|workers)\//.test(target);

/** The folder of a file, as the table names it. */
function folderOf(file) {
  const [top, next, ...below] = file.split('/');
  if (top === 'workers') return 'workers';
  return below.length === 0 ? 'root' : next;
}

/**
 * Each rule: the imports that it is about, and which of them it allows. `types`: imports of types alone
 * count, too.
 */
const rules = [
  {
    why: 'the folder rules do not allow it (see the table)',
    types: true,
    applies: ({ from, to }) => !isPackage(to) && folderOf(from) !== folderOf(to),
    allows: ({ from, to }) => FOLDERS[folderOf(from)]?.includes(folderOf(to)),
  },
  {
    why: 'requests/ knows policies by their types alone',
    applies: ({ from, to }) => folderOf(from) === 'requests' && folderOf(to) === 'policies',
    allows: () => false,
  },
  {
    why: 'the command is a user of the library like any other',
    types: true,
    applies: ({ from, to }) => !isPackage(to) && folderOf(from) === 'cli' && folderOf(to) !== 'cli',
    allows: ({ to }) =>
      [
        'src/index.ts',
        'src/batch/index.ts',
        'src/batch/input/standard-input.ts',
        'src/batch/output/own-descriptor.ts',
        'src/batch/output/replacement.ts',
        'src/profile/make-folder.ts',
        'src/options/cpu-quota.ts',
        'src/prometheus/index.ts',
        'src/dashboard/index.ts',
        'src/dashboard/access.ts',
        'src/cluster/index.ts',
        'src/errors/did-you-mean.ts',
        'src/errors/optional-package.ts',
      ].includes(to),
  },
  {
    why: "a batch takes of the threads' code how functions are loaded and what tasks may take, only in its threads",
    types: true,
    applies: ({ from, to }) => folderOf(from) === 'batch' && folderOf(to) === 'workers',
    allows: ({ from, to }) =>
      (from.startsWith('src/batch/thread/') && to.startsWith('workers/functions/')) ||
      (from === 'src/batch/chunk-task.ts' && to === 'workers/task.ts'),
  },
  {
    why: "of the threads' code, OpenTelemetry takes what tasks may take, too",
    types: true,
    applies: ({ from, to }) => folderOf(from) === 'opentelemetry' && folderOf(to) === 'workers',
    allows: ({ to }) => to === 'workers/task.ts',
  },
  {
    why: "a cluster takes of the threads' code only how modules are loaded, and only in its machines' threads",
    types: true,
    applies: ({ from, to }) => folderOf(from) === 'cluster' && folderOf(to) === 'workers',
    allows: ({ from, to }) => from.startsWith('src/cluster/thread/') && to.startsWith('workers/functions/'),
  },
  {
    why: 'index.ts is for users (and the command, which is one)',
    types: true,
    applies: ({ to }) => to === 'src/index.ts',
    allows: ({ from }) => folderOf(from) === 'cli',
  },
  {
    why: 'only thread.ts and piscina.ts know Piscina',
    types: true,
    applies: ({ to }) => to === 'piscina',
    allows: ({ from }) => ['src/worker/thread.ts', 'src/worker/piscina.ts'].includes(from),
  },
  {
    why: 'a package that users need at run time must stand in dependencies, or in peerDependencies if it is optional',
    types: true,
    // What runs in the browser is bundled.
    applies: ({ from, to }) => isPackage(to) && !builtins.has(to) && !from.startsWith('src/dashboard/page/'),
    allows: ({ to }) => dependencies.has(to) || Object.hasOwn(manifest.peerDependencies, to),
  },
];

/** The package's name of a bare specifier: `@a/b/c` → `@a/b`. */
const packageOf = (specifier) =>
  builtins.has(specifier) ? specifier : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/**
 * @returns every import of one file: `{ from, to, line, type }`, `to` being a file below the root or a
 *   package.
 */
function importsOf(from) {
  const source = read(from);
  const { module, errors } = parseSync(from, source);
  if (errors.length > 0) throw new Error(`${from}: ${errors[0].message}`);
  const statements = [
    ...module.staticImports.map((node) => ({ ...node, specifier: node.moduleRequest.value })),
    ...module.staticExports.flatMap((node) => {
      const specifier = node.entries.find((entry) => entry.moduleRequest)?.moduleRequest.value;
      return specifier === undefined ? [] : [{ ...node, specifier }];
    }),
    ...module.dynamicImports.flatMap((node) => {
      const literal = /^(['"`])([^$]*)\1$/.exec(
        source.slice(node.moduleRequest.start, node.moduleRequest.end),
      );
      return literal ? [{ ...node, specifier: literal[2] }] : [];
    }),
  ];
  // By way of createRequire: modules that are loaded when they are first needed, synchronously.
  for (const match of source.matchAll(/\brequire\w*\('([^']+)'\)/g)) {
    statements.push({ start: match.index, end: match.index + match[0].length, specifier: match[1] });
  }
  return statements.map(({ start, end, specifier }) => ({
    from,
    to: specifier.startsWith('.')
      ? path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts')
      : packageOf(specifier),
    line: source.slice(0, start).split('\n').length,
    // With verbatimModuleSyntax, `import { type A }` still loads the module; only `import type` does not.
    type: /^(import|export)\s+type\s/.test(source.slice(start, end)),
  }));
}

/**
 * One circle through `start`, as the list of its imports; depth first, over files not yet known to be free of
 * circles.
 */
function circleFrom(start, graph, clean, trail = []) {
  for (const edge of graph.get(start) ?? []) {
    if (isPackage(edge.to) || clean.has(edge.to)) continue;
    const seen = trail.findIndex((earlier) => earlier.from === edge.to);
    if (edge.to === start) return [edge];
    if (seen >= 0) return [...trail.slice(seen), edge];
    const found = circleFrom(edge.to, graph, clean, [...trail, edge]);
    if (found) return found;
  }
  clean.add(start);
  return undefined;
}

/** The rows of the table of ARCHITECTURE.md that has these headings, as `FOLDERS` has them. */
function shownFolders() {
  const [, table] =
    /^\| folder \| may import \|\n\|[-|]+\|\n((?:\|.*\|\n)+)/m.exec(read('ARCHITECTURE.md')) ?? [];
  const rows = (table ?? '').trimEnd().split('\n');
  return Object.fromEntries(
    rows.map((row) => {
      const [folder, list] = row
        .split('|')
        .slice(1, 3)
        .map((cell) => cell.replaceAll('`', '').trim());
      return [folder, list === 'nothing' ? [] : list?.split(', ')];
    }),
  );
}

const files = sourceFiles(root);
const graph = new Map(files.map((file) => [file, importsOf(file)]));
const failures = [];

for (const edge of [...graph.values()].flat()) {
  for (const rule of rules) {
    if ((edge.type && !rule.types) || !rule.applies(edge) || rule.allows(edge)) continue;
    failures.push(`${edge.from}:${edge.line} imports ${edge.to}: ${rule.why}`);
  }
}

const clean = new Set();
for (const file of graph.keys()) {
  const circle = circleFrom(file, graph, clean);
  if (circle) {
    failures.push(
      `circle: ${circle.map((edge) => `${edge.from}:${edge.line}`).join(' → ')} → ${circle[0].from}`,
    );
    break;
  }
}

const used = new Set([...graph.values()].flat().map((edge) => edge.to));
for (const name of dependencies)
  if (!used.has(name)) failures.push(`package.json: the dependency ${name} is imported nowhere`);

const shown = shownFolders();
for (const folder of new Set([...Object.keys(FOLDERS), ...Object.keys(shown)])) {
  const [rule, told] = [FOLDERS[folder], shown[folder]].map((list) => list?.join(', ') || 'nothing');
  if (rule !== told || !shown[folder] || !FOLDERS[folder])
    failures.push(`ARCHITECTURE.md: its table says that ${folder} may import ${told}, the rule ${rule}`);
}

for (const failure of failures) console.error(failure);
console.log(
  `imports: ${files.length} files, ${[...graph.values()].flat().length} imports, ${failures.length} failures`,
);
process.exitCode = failures.length > 0 ? 1 : 0;
