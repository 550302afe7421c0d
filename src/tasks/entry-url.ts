import { realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { moduleUrl, requireFrom } from '../errors/module-url.js';

let known: string | undefined;

/**
 * The program's entry file: imports of inline functions and names of packages are resolved from it.
 *
 * A name in the working directory stands for it if there is none (`node -e`, the REPL), or if it is an
 * installed tool that runs the program (a test runner, a framework's command).
 * @returns a file URL
 */
export function entryUrl(): string {
  known ??= pathToFileURL(findEntry() ?? join(process.cwd(), 'program')).href;
  return known;
}

function findEntry(): string | undefined {
  const given = process.argv[1];
  if (given === undefined) return undefined;
  try {
    // Resolved like Node does: `node app` may mean app.js or app/index.js, and links are followed.
    const entry = realpathSync(requireFrom(join(process.cwd(), 'program')).resolve(given));
    return entry.includes(`${sep}node_modules${sep}`) || isOwnCommand(entry) ? undefined : entry;
  } catch {
    return undefined;
  }
}

/** The command of this package, wherever that is: it runs what is in the working directory. */
function isOwnCommand(entry: string): boolean {
  return entry === join(dirname(fileURLToPath(moduleUrl(import.meta.url))), 'command.cjs');
}
