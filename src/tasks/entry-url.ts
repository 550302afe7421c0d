import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

let known: string | undefined;

/**
 * The program's entry file, from which inline functions and package names resolve.
 *
 * Without one (`node -e`, the REPL), and where the entry is an installed tool that runs the program (a test runner,
 * a framework's command), a name in the working directory.
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
    // As Node finds it: `node app` may mean app.js or app/index.js, and a link means what it points to.
    const entry = realpathSync(createRequire(join(process.cwd(), 'program')).resolve(given));
    return entry.includes(`${sep}node_modules${sep}`) ? undefined : entry;
  } catch {
    return undefined;
  }
}
