/**
 * The place of a syntax error in a task's module. Node knows it, but tells it only where it prints an error
 * that nobody has caught. So the module is parsed once more, and those that it imports by relative path.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

type Acorn = typeof import('acorn');

/** Files parsed, of a module that imports many. */
const MAX_FILES = 100;

/** A parser's error. */
interface Misparsed {
  readonly loc?: { readonly line: number; readonly column: number };
}

/**
 * @returns ` (FILE:LINE:COLUMN)`, or an empty text: it is no syntax error, or its place is not found. Never
 *   throws.
 */
export function syntaxErrorPlace(error: unknown, url: string): string {
  try {
    if (!(error instanceof SyntaxError)) return '';
    // So begins the stack of one in a CommonJS module.
    const [, place] = /^(\S+:\d+)\n/.exec(error.stack ?? '') ?? [];
    if (place !== undefined) return ` (${place})`;
    return search(url);
  } catch {
    return '';
  }
}

function search(url: string): string {
  const acorn = createRequire(import.meta.url)('acorn') as Acorn;
  const files = new Set([url]);
  for (const file of files) {
    // Others are no JavaScript, and whatever compiles them says where it failed.
    if (!/^file:.*\.m?js$/.test(file) || files.size > MAX_FILES) continue;
    const source = readFileSync(fileURLToPath(file), 'utf8');
    try {
      const { body } = acorn.parse(source, {
        ecmaVersion: 'latest',
        sourceType: 'module',
        allowHashBang: true,
      });
      for (const node of body) {
        const specifier = 'source' in node ? node.source?.value : undefined;
        if (typeof specifier === 'string' && /^\.?\.?\//.test(specifier))
          files.add(new URL(specifier, file).href);
      }
    } catch (error) {
      const { loc } = error as Misparsed;
      if (loc !== undefined) return ` (${file}:${loc.line}:${loc.column + 1})`;
    }
  }
  return '';
}
