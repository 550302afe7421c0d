/** How TypeScript names modules, in terms of files. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Format } from './compilers.js';

const TYPED = /\.(?:[cm]?ts|[jt]sx)$/;

/** The file of a URL, if it is one that Node needs help with; else `undefined`. */
export function typedFile(url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined;
  const file = fileURLToPath(url.replace(/[?#].*$/s, ''));
  return TYPED.test(file) ? file : undefined;
}

/** What a relative specifier may mean: `./a.js` the file `./a.ts`, `./a` that, or `./a/index.ts`. */
function candidates(file: string): string[] {
  const [, base = file, kind = ''] = /^(.*)\.([cm]?)jsx?$/.exec(file) ?? [];
  if (base !== file) return [`${base}.${kind}ts`, `${base}.tsx`];
  return ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '/index.ts', '/index.js'].map(
    (end) => `${file}${end}`,
  );
}

/**
 * The module in TypeScript that the URL of a JavaScript file means which is not there: `hash.ts` for
 * `hash.js`, as TypeScript wants imports to be written. Programs that Node runs as they are keep that name.
 */
export function typedTwin(url: string): string | undefined {
  const [, plain = url, query = ''] = /^([^?#]*)(.*)$/s.exec(url) ?? [];
  if (!plain.startsWith('file:') || !/\.[cm]?jsx?$/.test(plain)) return undefined;
  const file = fileURLToPath(plain);
  if (existsSync(file)) return undefined;
  const twin = candidates(file).find((each) => existsSync(each));
  return twin && `${pathToFileURL(twin).href}${query}`;
}

/** The file that a relative specifier means, if Node itself finds none; as a path. */
export function findTyped(specifier: string, importer: string): string | undefined {
  if (!/^\.{1,2}(?:\/|$)/.test(specifier)) return undefined;
  return candidates(path.resolve(path.dirname(importer), specifier)).find((file) => existsSync(file));
}

/** The same with URLs. */
export function findTypedUrl(specifier: string, importer: string | undefined): string | undefined {
  if (!importer?.startsWith('file:')) return undefined;
  const found = findTyped(specifier, fileURLToPath(importer));
  return found && pathToFileURL(found).href;
}

/** The kind of module that a file is, by its name and by the nearest package.json. */
export function formatOf(file: string): Format {
  const [, kind] = /\.([cm])ts$/.exec(file) ?? [];
  if (kind !== undefined) return kind === 'm' ? 'module' : 'commonjs';
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      const { type } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
      return type === 'module' ? 'module' : 'commonjs';
    } catch {
      if (folder === path.dirname(folder)) return 'commonjs';
    }
  }
}
