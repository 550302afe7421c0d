/**
 * Hooks of `import` that compile TypeScript. Older Nodes run them in a thread of their own, into which they
 * load this file.
 */
import { readFileSync } from 'node:fs';
import type { LoadHookContext, ResolveHookContext } from 'node:module';
import { type Found, findCompiler } from './compilers.js';
import { findTypedUrl, formatOf, typedFile } from './resolve.js';

/** Where the compiler is looked for. */
export interface HookData {
  readonly files: readonly string[];
}

let found: Found | undefined;
let places: readonly string[] = [];

/** For Node to call, in the hooks' thread. */
export function initialize({ files }: HookData): void {
  places = files;
}

export type Resolved = { url: string; format?: string | null; shortCircuit?: boolean };
type Loaded = { format: string; source?: string; shortCircuit?: boolean };

const MARK = 'compiled';

/** Another URL of the same file, since Node remembers of a URL that it could not load it. */
export const withMark = (url: string): string => `${url}${url.includes('?') ? '&' : '?'}${MARK}`;

/** The same for what such a file imports. */
export function marked(resolved: Resolved, { parentURL }: ResolveHookContext): Resolved {
  const isMarked = parentURL?.endsWith(MARK) && parentURL.includes('?');
  if (!isMarked || typedFile(resolved.url) === undefined) return resolved;
  return { ...resolved, url: withMark(resolved.url) };
}

/** What another specifier would mean to TypeScript, after Node has not found it. */
export function resolveAnew(specifier: string, { parentURL }: ResolveHookContext): Resolved | undefined {
  const url = findTypedUrl(specifier, parentURL);
  return url === undefined ? undefined : { url, shortCircuit: true };
}

export async function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context: ResolveHookContext) => Promise<Resolved>,
): Promise<Resolved> {
  try {
    return marked(await next(specifier, context), context);
  } catch (error) {
    const resolved = resolveAnew(specifier, context);
    if (resolved === undefined) throw error;
    return marked(resolved, context);
  }
}

/** `undefined`: no TypeScript. */
export function loadTyped(url: string): Loaded | undefined {
  const file = typedFile(url);
  if (file === undefined || file.includes('/node_modules/')) return undefined;
  found ??= findCompiler([file, ...places]);
  const isModule = !found.commonJs || formatOf(file) === 'module';
  // Without a source: by `require`, and the hooks of that.
  if (!isModule) return { format: 'commonjs', shortCircuit: true };
  const source = found.compile(readFileSync(file, 'utf8'), file, 'module');
  return { format: 'module', source, shortCircuit: true };
}

export async function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context: LoadHookContext) => Promise<Loaded>,
): Promise<Loaded> {
  return loadTyped(url) ?? next(url, context);
}
