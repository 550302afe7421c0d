// The subpaths of the package, one line each. What stands here is built by `bundle.mjs`, expected by
// `setup.mjs` and checked against `exports` of package.json by `packed.mjs`.

/**
 * Each public entry: its source, and whether it stands on the core, the one copy of the library in a process.
 * One that is loaded in threads stands alone, since the core takes a thread some ms to load. `isBuilt`:
 * bundlers take the built file, too, since its modules alone are not enough.
 */
export const ENTRIES = {
  index: { subpath: '.', source: 'src/index.ts', onCore: true },
  task: { subpath: './task', source: 'workers/task.ts', onCore: false },
  cluster: { subpath: './cluster', source: 'src/cluster/index.ts', onCore: true },
  dashboard: { subpath: './dashboard', source: 'src/dashboard/index.ts', onCore: true, isBuilt: true },
  batch: { subpath: './batch', source: 'src/batch/index.ts', onCore: true },
  prometheus: { subpath: './prometheus', source: 'src/prometheus/index.ts', onCore: true },
  opentelemetry: { subpath: './opentelemetry', source: 'src/opentelemetry/index.ts', onCore: false },
};

/** The source of `leastwork/worker`, an entry for bundlers: it has types, and no copy of its own. */
export const WORKER = 'workers/main.ts';

/** What package.json must say of an entry. */
export function exportsOf(name) {
  const { source, isBuilt } = ENTRIES[name];
  const modules = isBuilt ? {} : { module: `./dist/${source.replace(/\.ts$/, '.js')}` };
  return {
    import: { types: `./dist/node/${name}.d.ts`, ...modules, default: `./dist/node/${name}.js` },
    require: { types: `./dist/node/${name}.d.cts`, ...modules, default: `./dist/node/${name}.cjs` },
  };
}
