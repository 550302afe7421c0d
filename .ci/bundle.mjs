// Makes few files of many, beside the ES modules that `tsc` makes: each module costs about 1 ms to load, in a
// thread as in the program. What Node itself loads is in these; bundlers take the modules (see `exports` in
// package.json).
//
// In a process there is one copy of the library, whether `require` or `import` loads it first: the CommonJS
// files. The ES modules beside them only pass on their exports.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeDeclarations } from './declarations.mjs';
import { ENTRIES } from './entries.mjs';
import { buildPage } from './page.mjs';
import { BUNDLES } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}/dist/node`, { recursive: true, force: true });

const common = {
  absWorkingDir: root,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
};

/** In CommonJS there is no `import.meta`. */
const commonJs = {
  ...common,
  format: 'cjs',
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: {
    js: `'use strict';\nconst importMetaUrl = require('node:url').pathToFileURL(__filename).href;`,
  },
};

/** acorn is wanted only for an inline function, and is loaded with the first. */
const byRequire = {
  name: 'by-require',
  setup({ onResolve }) {
    const path = join(root, 'src/tasks/source/parser-on-demand.ts');
    onResolve({ filter: /^acorn$|\/parser\.js$/ }, () => ({ path }));
  },
};

/** The page of the dashboard, as texts in the place of a name. */
const page = JSON.stringify(await buildPage());

/** What only some calls of the command need stays in a file of its own. */
const threadsApart = {
  name: 'threads-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/threads\.js$/ }, () => ({ path: './threads.cjs', external: true }));
    onResolve({ filter: /^\.\/map\/command\.js$/ }, () => ({ path: './map.cjs', external: true }));
    onResolve({ filter: /^\.\/run\.js$/ }, () => ({ path: './map-run.cjs', external: true }));
    onResolve({ filter: /^(\.\.\/)+watch\.js$/ }, () => ({ path: './watch.cjs', external: true }));
    onResolve({ filter: /^\.\/work\/command\.js$/ }, () => ({ path: './work.cjs', external: true }));
    onResolve({ filter: /^\.\/journal\/command\.js$/ }, () => ({ path: './journal.cjs', external: true }));
  },
};

/** The command's files. */
const command = {
  ...commonJs,
  outdir: 'dist/node',
  outExtension: { '.js': '.cjs' },
  // With it, Node would start its loader of ES modules, which takes 5 ms.
  supported: { 'dynamic-import': false },
};

const namesBySource = new Map();

/** The names that a module exports. */
function namesOf(source) {
  const names = namesBySource.get(source) ?? findNames(source);
  namesBySource.set(source, names);
  return names;
}

async function findNames(source) {
  const options = { ...common, format: 'esm', entryPoints: [source], write: false, metafile: true };
  const { outputs } = (await build({ ...options, outdir: 'dist/node' })).metafile;
  return Object.values(outputs)
    .flatMap((output) => output.exports)
    .sort();
}

/** The source that a relative import means. */
const sourceOf = (path, importer) => relative(root, join(dirname(importer), path)).replace(/\.js$/, '.ts');

/** The modules that the main entry is made of, without those that are only reached through `cut`. */
async function modulesWithout(cut) {
  const cutOff = {
    name: 'cut-off',
    setup({ onResolve }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) =>
        cut.includes(sourceOf(path, importer)) ? { path, external: true } : undefined,
      );
    },
  };
  const options = { ...commonJs, entryPoints: [ENTRIES.index.source], write: false, metafile: true };
  return new Set(Object.keys((await build({ ...options, plugins: [cutOff] })).metafile.inputs));
}

/**
 * What every Balancer needs, but not before its first threads are started. It is loaded while they come up.
 * These modules, and what only they import, are in `engine.cjs`.
 */
const ENGINE = ['src/calls/submission.ts', 'src/engine.ts', 'src/stats/stats.ts', 'src/values/snapshot.ts'];

/** What only some calls or options need. In `on-demand.cjs`, which is loaded by the first of them. */
const ON_DEMAND = [
  'src/calls/map.ts',
  'src/calls/map-requests.ts',
  'src/calls/map-shapes.ts',
  'src/calls/map-source.ts',
  'src/calls/stream.ts',
  'src/calls/stream-request.ts',
  'src/health/outlier.ts',
  'src/metrics/metrics.ts',
  'src/policies/hash.ts',
  'src/policies/least-request.ts',
  'src/policies/least-work.ts',
  'src/policies/peak-ewma.ts',
  'src/policies/pick-first.ts',
  'src/policies/power-of-two.ts',
  'src/policies/random.ts',
  'src/policies/rendezvous.ts',
  'src/policies/round-robin.ts',
  'src/policies/weighted-by-load.ts',
  'src/profile/profile.ts',
  'src/stats/totals.ts',
  'src/trace/trace.ts',
];

/** Constants and arithmetic of the hot path: each file has them itself. */
const IN_EACH = ['src/protocol/layout.ts', 'src/protocol/positions.ts', 'src/protocol/spin-permits.ts'];

const library = await modulesWithout([]);
const inCore = await modulesWithout([...ENGINE, ...ON_DEMAND]);
const inCoreOrEngine = await modulesWithout(ON_DEMAND);

/** The files of the library, in the order in which they are loaded. */
const FILES = ['core', 'engine', 'on-demand'];

/** The file that a module of the library is in, as an index into `FILES`. */
function fileOf(source) {
  if (inCore.has(source)) return 0;
  return inCoreOrEngine.has(source) ? 1 : 2;
}

/** The modules that other files take. */
const taken = new Set([...ENGINE, ...ON_DEMAND]);

const partOf = (source) => `require('./${FILES[fileOf(source)]}.cjs')[${JSON.stringify(source)}]`;

/**
 * Leaves modules of the library to the files that they are in, so that a process has one copy of each class
 * and of all state.
 * @param own index of the file that is built; one that is none of the library's comes after all of them
 * @param entries sources of the public entries that are built
 */
const elsewhere = (own, entries = []) => ({
  name: 'elsewhere',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, namespace }) => {
      const isOfSources = namespace === 'file' || path.startsWith('./src/');
      if (!isOfSources) return { path, external: true };
      const source = namespace === 'file' ? sourceOf(path, importer) : path.slice(2).replace(/\.js$/, '.ts');
      const entry = Object.keys(ENTRIES).find(
        (name) => ENTRIES[name].onCore && ENTRIES[name].source === source,
      );
      if (own === FILES.length && entry !== undefined && !entries.includes(source))
        return { path: `./${entry}.cjs`, external: true };
      if (!library.has(source) || fileOf(source) === own || IN_EACH.includes(source))
        return namespace === 'file' ? undefined : { path: join(root, source) };
      return { path: source, namespace: fileOf(source) < own ? 'loaded' : 'later' };
    });
    // As names of this file: hot paths do not go through the getters of the other one.
    onLoad({ filter: /./, namespace: 'loaded' }, async ({ path }) => {
      taken.add(path);
      return { contents: `export const { ${(await namesOf(path)).join(', ')} } = ${partOf(path)};` };
    });
    // Loads the file when something of it is used for the first time.
    onLoad({ filter: /./, namespace: 'later' }, async ({ path }) => {
      taken.add(path);
      const getters = (await namesOf(path)).map(
        (name) => `get ${name}() { return (part ??= load()).${name}; }`,
      );
      return {
        contents: `
          const { withCleanPrototype } = require('./src/protocol/clean-prototype.js');
          let part;
          const load = () => withCleanPrototype(() => ${partOf(path)});
          module.exports = { __esModule: true, ${getters.join(', ')} };`,
      };
    });
  },
});

const otherEntries = Object.keys(ENTRIES).filter((name) => name !== 'index');

await Promise.all([
  build({
    ...commonJs,
    entryPoints: ['workers/main.ts', 'workers/shared-code.ts'],
    outdir: 'dist/workers',
    outExtension: { '.js': '.cjs' },
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: ['workers/functions/typescript/import-hooks.ts'],
    outfile: 'dist/workers/typescript-hooks.mjs',
  }),
  ...otherEntries.map((name) =>
    build({
      ...commonJs,
      entryPoints: { [name]: ENTRIES[name].source },
      outdir: 'dist/node',
      outExtension: { '.js': '.cjs' },
      define: { ...commonJs.define, DASHBOARD_PAGE: page },
      plugins: ENTRIES[name].onCore
        ? [elsewhere(FILES.length, [ENTRIES[name].source]), byRequire]
        : [byRequire],
    }),
  ),
  // These two begin as fast as they can, and need little of the library.
  build({
    ...command,
    entryPoints: { command: 'src/cli/main.ts', journal: 'src/cli/journal/command.ts' },
    plugins: [byRequire, threadsApart],
  }),
  build({
    ...command,
    entryPoints: {
      threads: 'src/cli/hash/threads.ts',
      map: 'src/cli/map/command.ts',
      'map-run': 'src/cli/map/run.ts',
      watch: 'src/cli/watch.ts',
      work: 'src/cli/work/command.ts',
    },
    plugins: [threadsApart, elsewhere(FILES.length), byRequire],
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: { 'node/hash-task': 'src/cli/hash/hash-task.ts' },
    outdir: 'dist',
    plugins: [byRequire],
  }),
  // In CommonJS, which threads load without the loader of ES modules.
  build({
    ...commonJs,
    entryPoints: ['src/batch/chunk-task.ts'],
    outdir: 'dist/workers',
    outExtension: { '.js': '.cjs' },
    supported: { 'dynamic-import': false },
    plugins: [byRequire],
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: {
      'workers/exports-task': 'src/cluster/exports-task.ts',
      'workers/items-task': 'src/cluster/items-task.ts',
    },
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    plugins: [byRequire],
  }),
  // One file loads in half the time that the files of the package take. And bundled programs run without
  // node_modules: `dist/workers` is all that their threads need.
  build({
    ...common,
    packages: 'bundle',
    external: ['@napi-rs/nice'], // optional, native
    format: 'cjs',
    entryPoints: { main: 'node_modules/piscina/dist/main.js' },
    outdir: 'dist/workers/piscina',
    outExtension: { '.js': '.cjs' },
  }),
  build({
    ...common,
    packages: 'bundle',
    external: ['@napi-rs/nice'],
    format: 'cjs',
    entryPoints: ['node_modules/piscina/dist/worker.js'],
    outdir: 'dist/workers/piscina',
  }),
]);

const quoted = (file) => JSON.stringify(`./${file}`);
// The last one first: what it takes stands in the others.
for (const [index, name] of [...FILES.entries()].reverse()) {
  const sources = [...taken].filter((source) => fileOf(source) === index).sort();
  await build({
    ...commonJs,
    stdin: {
      contents: [
        ...(index === 0 ? [`export * from ${quoted(ENTRIES.index.source)}`] : []),
        ...sources.map((source) => `export * as ${JSON.stringify(source)} from ${quoted(source)}`),
      ].join('\n'),
      resolveDir: root,
      sourcefile: `${name}.js`,
    },
    outfile: `dist/node/${name}.cjs`,
    plugins: [elsewhere(index), byRequire],
  });
}

const write = (file, lines) => writeFileSync(`${root}/dist/${file}`, `${lines.join('\n')}\n`);

// Public names stand in the text as Node's scan of a CommonJS module for `import` finds them. It reads this
// small file alone, and not the core.
write('node/index.cjs', [
  "'use strict';",
  "const core = require('./core.cjs');",
  // The first Balancer needs it at once, and tells of it if something is wrong with it.
  "try { require('../workers/piscina/main.cjs'); } catch {}",
  "Object.defineProperty(exports, '__esModule', { __proto__: null, value: true });",
  ...(await namesOf(ENTRIES.index.source)).map((name) => `exports.${name} = core.${name};`),
]);
for (const [name, { source }] of Object.entries(ENTRIES)) {
  const names = (await namesOf(source)).join(', ');
  write(`node/${name}.js`, [`export { ${names} } from './${name}.cjs';`]);
}

write('workers/piscina/package.json', ['{ "type": "commonjs" }']);

// Their licences ask for it.
write(
  'third-party-licenses.txt',
  [
    ['Piscina, in workers/piscina', 'piscina'],
    ['uPlot, in node/dashboard.cjs', 'uplot'],
  ].flatMap(([what, name]) => [what, '', readFileSync(`${root}/node_modules/${name}/LICENSE`, 'utf8')]),
);

writeDeclarations();

/**
 * esbuild's own helpers walk inherited properties, too, and their descriptors inherit some; and a program may have
 * polluted `Object.prototype`.
 */
const ownExports = (text) =>
  text
    .replace(/for ?\(var (\w+) in (\w+)\)(?=\s*__defProp\()/g, 'for(var $1 of Object.keys($2))')
    .replace(/(__defProp\([^{}]*(?:\{\}[^{}]*)?)\{ (?=get: |value[,: ])/g, '$1{ __proto__: null, ');

// Code is in ASCII, comments may not be. With one such character V8 would hold the whole text in twice the
// memory, and Node would take several times as long to read it.
for (const bundle of BUNDLES) {
  const file = `${root}/dist/${bundle}`;
  writeFileSync(file, ownExports(readFileSync(file, 'utf8')).replace(/[^\0-\x7f]/g, '?'));
}
