// Makes few files of many, beside the ES modules that `tsc` makes: each module costs about 1 ms to load, in a
// thread as in the program. What Node itself loads is in these; bundlers take the modules (see `exports` in
// package.json).
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
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
 * Packages that an ES module is to load otherwise than by `import`: acorn is wanted only for an inline function.
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
      throw new Error('acorn, the parser of inline functions, cannot be loaded: ' + cause.message, { cause });
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

/** What only some calls of the command need stays in a file of its own. */
const threadsApart = {
  name: 'threads-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/threads\.js$/ }, () => ({ path: './threads.cjs', external: true }));
    onResolve({ filter: /^\.\/map\/command\.js$/ }, () => ({ path: './map.cjs', external: true }));
    onResolve({ filter: /^(\.\.\/)+watch\.js$/ }, () => ({ path: './watch.cjs', external: true }));
    onResolve({ filter: /^\.\/journal\/command\.js$/ }, () => ({ path: './journal.cjs', external: true }));
  },
};

/** The page is the same file for the module and for the command. */
const pageApart = {
  name: 'page-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/assets\.js$/ }, () => ({ path: './dashboard-page.cjs', external: true }));
  },
};

await Promise.all([
  build({ ...commonJs, entryPoints: ['workers/main.ts'], outfile: 'dist/workers/main.cjs' }),
  build({
    ...common,
    format: 'esm',
    entryPoints: ['src/index.ts'],
    outfile: 'dist/node/index.js',
    plugins: [byRequire],
  }),
  build({
    ...commonJs,
    entryPoints: {
      command: 'src/cli/main.ts',
      threads: 'src/cli/hash/threads.ts',
      map: 'src/cli/map/command.ts',
      journal: 'src/cli/journal/command.ts',
      watch: 'src/cli/watch.ts',
    },
    outdir: 'dist/node',
    outExtension: { '.js': '.cjs' },
    // With it, Node would start its loader of ES modules, which takes 5 ms.
    supported: { 'dynamic-import': false },
    plugins: [byRequire, threadsApart, pageApart],
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: ['src/cli/hash/hash-task.ts'],
    outfile: 'dist/node/hash-task.js',
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: { batch: 'src/batch/index.ts', 'chunk-task': 'src/batch/chunk-task.ts' },
    outdir: 'dist/node',
    plugins: [byRequire],
  }),
  build({
    ...common,
    format: 'esm',
    entryPoints: {
      dashboard: 'src/dashboard/index.ts',
      prometheus: 'src/prometheus/index.ts',
      opentelemetry: 'src/opentelemetry/index.ts',
    },
    outdir: 'dist/node',
    plugins: [pageApart],
  }),
  build({
    ...commonJs,
    entryPoints: { 'dashboard-page': 'src/dashboard/assets.ts' },
    outdir: 'dist/node',
    outExtension: { '.js': '.cjs' },
    define: { ...commonJs.define, DASHBOARD_PAGE: JSON.stringify(await buildPage()) },
  }),
]);

// Code is in ASCII, comments may not be. With one such character V8 would hold the whole text in twice the
// memory, and Node would take several times as long to read it.
for (const bundle of BUNDLES) {
  const file = `${root}/dist/${bundle}`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, '?'));
}
