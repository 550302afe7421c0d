/**
 * `import()` as from another file.
 *
 * A thread of this package must import as the caller's program would: a package's name means what is installed there,
 * not what is installed beside this file (they differ in pnpm's layout and with links). Only code compiled under a
 * name in the caller's folder resolves so; `node:vm` can do that with the loader of the thread.
 */
import { compileFunction, constants } from 'node:vm';

export type Import = (specifier: string) => Promise<Record<string, unknown>>;

const importers = new Map<string, Import>();

/**
 * Makes code into a function whose `import()` and stack belong to a file.
 * @param file file URL: relative specifiers and packages are looked up from its folder; shown in stacks
 * @param code a function's body
 * @param skipped how many characters of the code's beginning columns in stacks do not count
 */
export function compileIn(
  file: string,
  code: string,
  parameters: readonly string[] = [],
  skipped = 0,
): CallableFunction {
  readyToImport();
  return compileFunction(code, [...parameters], {
    filename: file,
    columnOffset: -skipped,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Gives `import()` as in a file. One per file is kept; there are as many as the program has entry files: one. */
export function importFrom(file: string): Import {
  let found = importers.get(file);
  if (found === undefined) {
    found = compileIn(file, 'return (specifier) => import(specifier)')() as Import;
    importers.set(file, found);
  }
  return found;
}

let isReady = false;

/**
 * Makes ready for `import()`, which takes a thread 1.5 ms: best while it waits for its first request. Does so once.
 *
 * Node warns once a thread, at the first such `import()`, that this loader is experimental: that is said to us, not to
 * the user, whose output it would disturb. So the first one happens here, with just that warning withheld.
 * (Node calls `process.emitWarning` before `import()` returns.)
 */
export function readyToImport(): void {
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
