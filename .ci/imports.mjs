// Checks who imports whom: the folder rules below, no circle of imports (types included), and no package that is not declared. The
// sources are parsed by oxc-parser.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { parseSync } from 'oxc-parser';
import { sourceFiles } from './setup.mjs';

/**
 * The folder rules: what the files of a folder may import beside each other, types included. ARCHITECTURE.md shows the same table, which is
 * checked below. `root` stands for the files of `src/` itself. Imports run downwards: a folder names only folders above it here.
 */
const FOLDERS = {
  errors: [],
  protocol: ['errors'],
  options: ['errors'],
  policies: ['errors'],
  values: ['errors', 'protocol'],
  tasks: ['errors', 'options', 'protocol'],
  requests: ['errors', 'protocol', 'policies', 'tasks'],
  worker: ['errors', 'protocol', 'options', 'policies', 'values', 'tasks', 'requests'],
  dispatch: ['errors', 'protocol', 'options', 'policies', 'values', 'tasks', 'requests', 'worker'],
  calls: ['errors', 'protocol', 'options', 'policies', 'values', 'tasks', 'requests', 'worker', 'dispatch'],
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
  root: [
    'errors',
    'protocol',
    'options',
    'policies',
    'tasks',
    'requests',
    'worker',
    'dispatch',
    'calls',
    'pool',
    'health',
  ],
  batch: ['root', 'errors', 'options', 'tasks', 'workers'],
  cli: ['root', 'batch', 'errors'],
  workers: ['errors', 'protocol', 'values'],
};

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const dependencies = new Set(Object.keys(manifest.dependencies));

const isPackage = (target) => !/^(src|workers)\//.test(target);

/** The folder of a file, as the table names it. */
function folderOf(file) {
  const [top, next, ...below] = file.split('/');
  if (top === 'workers') return 'workers';
  return below.length === 0 ? 'root' : next;
}

/** Each rule: which imports it looks at, and what it allows of them. `types` says whether imports of types alone count. */
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
    allows: ({ to }) => ['src/index.ts', 'src/batch/index.ts', 'src/errors/did-you-mean.ts'].includes(to),
  },
  {
    why: "a batch takes of the threads' code only how functions are loaded, and only in its threads",
    types: true,
    applies: ({ from, to }) => folderOf(from) === 'batch' && folderOf(to) === 'workers',
    allows: ({ from, to }) => from.startsWith('src/batch/thread/') && to.startsWith('workers/functions/'),
  },
  {
    why: 'index.ts is for users (and the command, which is one)',
    types: true,
    applies: ({ to }) => to === 'src/index.ts',
    allows: ({ from }) => folderOf(from) === 'cli',
  },
  {
    why: 'only thread.ts knows Piscina',
    types: true,
    applies: ({ to }) => to === 'piscina',
    allows: ({ from }) => from === 'src/worker/thread.ts',
  },
  {
    why: 'a package that users need at run time must stand in dependencies',
    types: true,
    applies: ({ to }) => isPackage(to) && !builtins.has(to),
    allows: ({ to }) => dependencies.has(to),
  },
];

/** The package's name of a bare specifier: `@a/b/c` → `@a/b`. */
const packageOf = (specifier) =>
  builtins.has(specifier) ? specifier : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/** @returns every import of one file: `{ from, to, line, type }`, `to` being a file below the root or a package. */
function importsOf(from) {
  const source = readFileSync(from, 'utf8');
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
  // By way of createRequire: what is to be loaded only when it is needed, at once.
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

/** One circle through `start`, as the list of its imports; depth first, over files not yet known to be free of circles. */
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

const files = sourceFiles();
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

for (const failure of failures) console.error(failure);
console.log(
  `imports: ${files.length} files, ${[...graph.values()].flat().length} imports, ${failures.length} failures`,
);
process.exitCode = failures.length > 0 ? 1 : 0;
