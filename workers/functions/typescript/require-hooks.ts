/**
 * Compilers that are hooked into `require` in this thread: by Node's command line, or since the program has
 * them (see `src/tasks/require-hooks.ts`).
 */
import { createRequire } from 'node:module';

const GIVEN = Symbol.for('leastwork.require-hooks');
const holder = globalThis as { [GIVEN]?: readonly string[] };

/** Takes note of what the program has hooked in. It is loaded with the first module that may need it. */
export function takeRequireHooks(files: readonly string[]): void {
  if (files.length > 0) holder[GIVEN] = files;
}

/**
 * A `require` with the program's hooks, as in a file; `undefined`: nothing is hooked in for its extension.
 */
export function hookedRequire(file: string, extension: string): NodeJS.Require | undefined {
  const require = createRequire(file);
  const given = holder[GIVEN];
  if (given !== undefined) {
    holder[GIVEN] = undefined;
    // Twice is no good: a file would be compiled twice.
    for (const each of given) if (!isLoaded(require, each)) require(each);
  }
  const hook = require.extensions[extension] as { readonly name: string } | undefined;
  // `loadTS` and the like are Node's own.
  return hook === undefined || /^load[CM]?TS$/.test(hook.name) ? undefined : require;
}

/** Whether the command line has had this thread load the same package. */
function isLoaded(require: NodeJS.Require, file: string): boolean {
  const [folder] = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+[/\\]/.exec(file) ?? [file];
  return Object.keys(require.cache).some((each) => each.startsWith(folder));
}
