/** Where code is, also in a user's bundle. */
import Module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The URL of the file that a module is in.
 * @param own `import.meta.url` of the module; `undefined` in a bundle in CommonJS
 */
export function moduleUrl(own: string | undefined): string {
  if (own?.startsWith('file:')) return own;
  const file = typeof __filename === 'string' ? __filename : process.argv[1];
  return pathToFileURL(file ?? join(process.cwd(), 'program')).href;
}

/**
 * `createRequire` of Node. By that name a bundler would take it for its own, and try to find the packages.
 * @param place absolute path or file URL, as if in that file
 */
export function requireFrom(place: string | URL): NodeJS.Require {
  return Module.createRequire(place);
}
