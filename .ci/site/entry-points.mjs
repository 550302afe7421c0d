// The modules of the package's `exports`, as sources: what the reference describes.
import { existsSync } from 'node:fs';

/** For bundlers only: nothing in it is called. */
const WITHOUT_REFERENCE = new Set(['./worker', './package.json']);

/** @returns `{ name, source }` of each, as in `leastwork/task` and `workers/task.ts` */
export function entryPoints({ name, exports }) {
  return Object.keys(exports)
    .filter((subpath) => !WITHOUT_REFERENCE.has(subpath))
    .map((subpath) => {
      const part = subpath.slice(1);
      const source = [`src${part}/index.ts`, `workers${part}.ts`].find((file) => existsSync(file));
      if (source === undefined) throw new Error(`exports['${subpath}'] has no source`);
      return { name: name + part, source };
    });
}
