/**
 * CommonJS modules, loaded without `import()`, by whose first call a thread sets up the loader of ES modules: that
 * takes 3 to 5 ms of processor time, and `require` 0.2.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Loads a CommonJS file, which its name must say: `.cjs`.
 * @returns the like of its namespace, with all own names of `module.exports`; `undefined`: it is something else, or
 *   hooks of the program may have a say in how it is loaded
 * @throws what it throws
 */
export function loadCommonJs(url: string): object | undefined {
  if (!/^file:[^?#]*\.cjs$/.test(url) || mayHaveHooks || hasHooks()) return undefined;
  const file = fileURLToPath(url);
  // Of what is not there `import()` tells in its own words.
  if (!existsSync(file)) return undefined;
  return namespaceOf(createRequire(file)(file));
}

let mayHaveHooks = false;

/** Modules of the program are to be preloaded, which may register hooks: all is imported from now on. */
export function expectHooks(): void {
  mayHaveHooks = true;
}

/** Whether the command line has something loaded before the program: a loader, perhaps. */
export function hasHooks(): boolean {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''];
  return options.some((option) =>
    /(?:^|\s)(?:-r|--require|--import|--(?:experimental-)?loader)\b/.test(option),
  );
}

/** As Node makes it: a getter that throws has no value. */
function namespaceOf(exports: unknown): object {
  const namespace: Record<string, unknown> = Object.create(null);
  if ((typeof exports === 'object' && exports !== null) || typeof exports === 'function') {
    for (const name of Object.keys(exports)) {
      // A namespace with that name would be taken for a promise.
      if (name === 'then') continue;
      try {
        namespace[name] = (exports as Record<string, unknown>)[name];
      } catch {}
    }
  }
  namespace.default = exports;
  return namespace;
}
