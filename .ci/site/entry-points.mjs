// The modules of the package's `exports`, as sources: what the reference describes.
import { existsSync } from 'node:fs';

/** For bundlers only: nothing in it is called. */
const WITHOUT_REFERENCE = new Set(['./worker', './package.json']);

/** @returns `{ name, source }` of each, as in `leastwork/task` and `workers/task.ts` */
export function entryPoints({ name, exports }) {
  return Object.entries(exports)
    .filter(([subpath]) => !WITHOUT_REFERENCE.has(subpath))
    .map(([subpath, conditions]) => {
      const sources = filesIn(conditions).map((file) =>
        file.replace(/^\.\/dist\//, '').replace(/(?:\.d)?\.([cm]?)[jt]s$/, '.$1ts'),
      );
      const source = sources.find((file) => existsSync(file));
      if (source === undefined) throw new Error(`exports['${subpath}'] has no file with a source`);
      return { name: subpath.replace(/^\./, name), source };
    });
}

/** The files in the conditions of an export, nested ones included. */
function filesIn(conditions) {
  if (typeof conditions === 'string') return [conditions];
  return Object.values(conditions ?? {}).flatMap(filesIn);
}
