import { moduleUrl, requireFrom } from '../../errors/module-url.js';

/** Node's modules that functions import most. If two export the same name, the likelier one comes first. */
const MODULES = [
  'crypto',
  'fs/promises',
  'fs',
  'path',
  'zlib',
  'os',
  'util',
  'url',
  'buffer',
  'timers/promises',
  'perf_hooks',
  'worker_threads',
  'child_process',
  'stream/promises',
  'stream',
  'events',
  'readline',
  'async_hooks',
  'assert',
  'string_decoder',
  'querystring',
  'http',
  'https',
  'net',
  'dns',
  'vm',
  'v8',
];

const requireBuiltin = requireFrom(moduleUrl(import.meta.url));

/**
 * Finds the module of Node that a name was probably imported from. For error messages only, since it loads
 * modules until one fits.
 * @param name an export, as in `createHash`
 * @param like the module's name in compiled code, as in `node_crypto`
 * @returns as in `node:crypto`
 */
export function builtinExporting(name: string, like?: string): string | undefined {
  const wanted = like === undefined ? undefined : flatten(like);
  const candidates =
    wanted === undefined ? MODULES : [...MODULES].sort((a, b) => +fits(b, wanted) - +fits(a, wanted));
  return candidates.map((module) => `node:${module}`).find((module) => exportsName(module, name));
}

/** A module of Node by its own name, as in `import fs from 'node:fs'`. */
export function builtinNamed(name: string): string | undefined {
  const found = MODULES.find((module) => flatten(module) === flatten(name));
  return found === undefined ? undefined : `node:${found}`;
}

function exportsName(module: string, name: string): boolean {
  try {
    return Object.hasOwn(requireBuiltin(module) as object, name);
  } catch {
    return false;
  }
}

function fits(module: string, wanted: string): boolean {
  const flat = flatten(module);
  return flat === wanted || flatten(module.split('/').at(-1) as string) === wanted;
}

function flatten(name: string): string {
  return name
    .replace(/^node[:_]?/, '')
    .replace(/[^a-z0-9]/gi, '')
    .toLowerCase();
}
