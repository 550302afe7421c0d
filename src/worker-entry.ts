/** Where the code of the threads is. Only this file knows. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NoWorkerError } from './errors/errors.js';
import { moduleUrl, requireFrom } from './errors/module-url.js';
import { entryUrl } from './tasks/entry-url.js';
import { VERSION } from './version.js';

let found: string | undefined;

/**
 * URL of the file that a thread loads by default.
 * @throws NoWorkerError the program is bundled, and the files of the threads are not there
 */
export function workerEntry(): URL {
  found ??= unpacked(besideThis() ?? inPackage() ?? refuse());
  return pathToFileURL(found);
}

/** URL of a file beside the entry. */
export function workerFile(name: string): URL {
  return new URL(name, workerEntry());
}

/**
 * The first is right in the package, both as a module (`dist/src`) and in the core (`dist/node`). The second
 * is beside a bundle, or an executable; the third is what a bundler makes of `leastwork/worker`.
 */
function besideThis(): string | undefined {
  for (const folder of [here, program]) {
    const files = ['../workers/entry.cjs', './workers/entry.cjs', '../workers/main.js'];
    const file = files.map((path) => join(folder(), path)).find((each) => existsSync(each));
    if (file !== undefined) return file;
  }
  return undefined;
}

const here = (): string => dirname(fileURLToPath(moduleUrl(import.meta.url)));
const program = (): string => dirname(fileURLToPath(entryUrl()));

/** webpack writes into a bundle where this file was when it was built. */
function bundle(): string {
  return existsSync(fileURLToPath(moduleUrl(import.meta.url))) ? here() : program();
}

/** In the package that a bundled program was made from, if that is installed where the program runs. */
function inPackage(): string | undefined {
  for (const from of [moduleUrl(import.meta.url), entryUrl(), join(process.cwd(), 'program')]) {
    try {
      const require = requireFrom(from);
      const manifest = require.resolve('leastwork/package.json');
      if ((require(manifest) as { version?: unknown }).version !== VERSION) continue;
      return join(dirname(manifest), 'dist', 'workers', 'entry.cjs');
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/** Threads cannot load files from an archive of Electron, which may have them beside it. */
function unpacked(file: string): string {
  const outside = file.replace(/\.asar(?=[/\\])/, '.asar.unpacked');
  return outside !== file && existsSync(outside) ? outside : file;
}

function refuse(): never {
  throw new NoWorkerError(
    `the files that threads load are not beside this bundle: leave leastwork out of the bundle (external), or copy the folder node_modules/leastwork/dist/workers to ${join(bundle(), 'workers')}; see docs/loaders.md of leastwork, "Bundlers"`,
  );
}
