/**
 * `import()` as from another file.
 *
 * A task must import as the caller's program would: a package's name means the package installed there, not
 * one installed beside this file (they differ in pnpm's layout and with links). Only code compiled under a
 * file name in the caller's folder resolves so, which `node:vm` can do with the thread's own loader.
 */
import { compileFunction, constants } from 'node:vm';

export type Import = (specifier: string) => Promise<Record<string, unknown>>;

const importers = new Map<string, Import>();

/**
 * Compiles code into a function whose `import()` and stack belong to a file.
 * @param file file URL: relative specifiers and packages are resolved from it, and stacks show it
 * @param code a function's body
 * @param skipped how many characters at the beginning of the code do not count for columns in stacks
 */
export function compileIn(
  file: string,
  code: string,
  parameters: readonly string[] = [],
  skipped = 0,
): CallableFunction {
  if (MAY_IMPORT.test(code)) readyToImport();
  return compileFunction(code, [...parameters], {
    filename: file,
    columnOffset: -skipped,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** `import()` as in a file. One is kept for each file, and a program has one: its entry file. */
export function importFrom(file: string): Import {
  let found = importers.get(file);
  if (found === undefined) {
    found = compileIn(file, 'return (specifier) => import(specifier)')() as Import;
    importers.set(file, found);
  }
  return found;
}

/** Code that has `import()`, or makes code. */
const MAY_IMPORT = /import|eval|Function/;

let isReady = false;

/**
 * Prepares `import()`, once. It takes a thread 1.5 ms, so it is left until there is code that may import.
 *
 * At the first such `import()` of a thread Node warns that this loader is experimental. That is for us to
 * know, and would disturb the user's output. So the first one happens here, with just that warning withheld.
 * (Node calls `process.emitWarning` before `import()` returns.)
 */
function readyToImport(): void {
  if (isReady) return;
  isReady = true;
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    importFrom(import.meta.url)('node:module').catch(() => {});
  } finally {
    process.emitWarning = emitWarning;
  }
}
