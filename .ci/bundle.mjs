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

/**
 * Packages that an ES module is to load otherwise than by `import`: acorn is wanted only for an inline
 * function.
 */
const loaded = {
  acorn: `
    let acorn;
    function load() {
      const require = createRequire(import.meta.url);
      let cause;
      try {
        return require('acorn');
      } catch (error) {
        cause = error;
      }
      // For want of descriptors, say. Node 20 then takes the package for missing, for ever; but not its file.
      for (const folder of require.resolve.paths('acorn') ?? []) {
        try {
          return require(folder + '/acorn/dist/acorn.js');
        } catch (error) {
          if (error.code !== 'MODULE_NOT_FOUND') cause = error;
        }
      }
      const why = 'acorn, the parser of inline functions, cannot be loaded: ' + cause.message;
      throw Object.assign(new Error(why, { cause }), { code: cause.code });
    }
    export const parse = (...args) => (acorn ??= load()).parse(...args);`,
};
const byRequire = {
  name: 'by-require',
  setup({ onResolve, onLoad }) {
    const namespace = 'by-require';
    onResolve({ filter: /^acorn$/ }, ({ path }) => ({ path, namespace }));
    onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `import { createRequire } from 'node:module';${loaded[path]}`,
    }));
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

/** The modules of the core: what the main entry is made of. */
const core = new Set(
  Object.keys(
    (await build({ ...commonJs, entryPoints: [ENTRIES.index.source], write: false, metafile: true })).metafile
      .inputs,
  ),
);
/** Those of its modules that other files take from it. */
const taken = new Set();

/**
 * Takes from `core.cjs` what is in there, so that a process has one copy of it: its classes and its state.
 * A public entry is taken from its own file.
 */
const fromCore = {
  name: 'from-core',
  setup({ onResolve, onLoad, initialOptions }) {
    const own = new Set(Object.values(initialOptions.entryPoints));
    onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
      const file = relative(root, join(dirname(importer), path)).replace(/\.js$/, '.ts');
      const entry = Object.keys(ENTRIES).find(
        (name) => ENTRIES[name].onCore && ENTRIES[name].source === file,
      );
      if (entry !== undefined && !own.has(file)) return { path: `./${entry}.cjs`, external: true };
      if (!core.has(file)) return undefined;
      taken.add(file);
      return { path: file, namespace: 'core' };
    });
    onResolve({ filter: /^\.\/core\.cjs$/, namespace: 'core' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: 'core' }, ({ path }) => ({
      contents: `module.exports = require('./core.cjs')[${JSON.stringify(path)}]`,
    }));
  },
};

const otherEntries = Object.keys(ENTRIES).filter((name) => name !== 'index');

await Promise.all([
  build({ ...commonJs, entryPoints: ['workers/main.ts'], outfile: 'dist/workers/main.cjs' }),
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
      plugins: ENTRIES[name].onCore ? [fromCore, byRequire] : [byRequire],
    }),
  ),
  // These begin as fast as they can, and need little of the library.
  build({
    ...command,
    entryPoints: {
      command: 'src/cli/main.ts',
      journal: 'src/cli/journal/command.ts',
      map: 'src/cli/map/command.ts',
    },
    plugins: [byRequire, threadsApart],
  }),
  build({
    ...command,
    entryPoints: {
      threads: 'src/cli/hash/threads.ts',
      'map-run': 'src/cli/map/run.ts',
      watch: 'src/cli/watch.ts',
      work: 'src/cli/work/command.ts',
    },
    plugins: [threadsApart, fromCore, byRequire],
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: { 'node/hash-task': 'src/cli/hash/hash-task.ts' },
    outdir: 'dist',
    plugins: [byRequire],
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: {
      'workers/chunk-task': 'src/batch/chunk-task.ts',
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
await build({
  ...commonJs,
  stdin: {
    contents: [
      `export * from ${quoted(ENTRIES.index.source)}`,
      ...[...taken].sort().map((file) => `export * as ${JSON.stringify(file)} from ${quoted(file)}`),
    ].join('\n'),
    resolveDir: root,
    sourcefile: 'core.js',
  },
  outfile: 'dist/node/core.cjs',
  plugins: [byRequire],
});

const write = (file, lines) => writeFileSync(`${root}/dist/${file}`, `${lines.join('\n')}\n`);

/** The names that a module exports. */
async function namesOf(source) {
  const options = { ...common, format: 'esm', entryPoints: [source], write: false, metafile: true };
  const { outputs } = (await build({ ...options, outdir: 'dist/node' })).metafile;
  return Object.values(outputs)
    .flatMap((output) => output.exports)
    .sort();
}

// Public names stand in the text as Node's scan of a CommonJS module for `import` finds them. It reads this
// small file alone, and not the core.
write('node/index.cjs', [
  "'use strict';",
  "const core = require('./core.cjs');",
  "Object.defineProperty(exports, '__esModule', { value: true });",
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

/** esbuild's own helper walks inherited properties, too, and a program may have polluted `Object.prototype`. */
const ownExports = (text) =>
  text.replace(/for \(var (\w+) in (\w+)\)(?=\s+__defProp\()/g, 'for (var $1 of Object.keys($2))');

// Code is in ASCII, comments may not be. With one such character V8 would hold the whole text in twice the
// memory, and Node would take several times as long to read it.
for (const bundle of BUNDLES) {
  const file = `${root}/dist/${bundle}`;
  writeFileSync(file, ownExports(readFileSync(file, 'utf8')).replace(/[^\0-\x7f]/g, '?'));
}
