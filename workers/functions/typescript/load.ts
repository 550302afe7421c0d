/**
 * Loads modules in TypeScript. In this order, until one knows how:
 *
 * 1. what the program has hooked into `require`;
 * 2. `import`, with Node's own removal of types, or a loader that the program was started with;
 * 3. what is hooked into `require` in this thread;
 * 4. a compiler that is found in the project: where a test runner has compiled the program for itself alone.
 */
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { hasHooks } from '../common-js.js';
import { importFrom } from '../importer.js';
import { type Found, findCompiler } from './compilers.js';
import {
  type HookData,
  initialize,
  loadTyped,
  marked,
  type Resolved,
  resolveAnew,
  withMark,
} from './import-hooks.js';
import { hookedRequire } from './require-hooks.js';
import { findTyped, formatOf } from './resolve.js';

/** Node says so before it runs a line of a module that it cannot read as it is. */
const NOT_AS_IT_IS = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
]);

function isOfSyntax(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  // A type that is imported without the word `type`.
  return NOT_AS_IT_IS.has(code) || /does not provide an export named/.test(message);
}

/**
 * @param file the module's file
 * @param base file URL of the program
 * @throws what `import` throws, if nothing helps; with the advice what to add, if a compiler is missing
 */
export async function importTyped(url: string, file: string, base: string): Promise<unknown> {
  const [extension = ''] = /\.\w+$/.exec(file) ?? [];
  const require = hookedRequire(file, extension);
  if (require !== undefined && formatOf(file) === 'commonjs') return asNamespace(require(file));
  if (require === undefined && isAlone()) return importCompiled(url, file, base, undefined);
  try {
    return await importFrom(base)(url);
  } catch (error) {
    if (!isOfSyntax(error)) throw error;
    if (require !== undefined) return asNamespace(require(file));
    return importCompiled(url, file, base, error);
  }
}

/** Whether nothing but Node itself loads modules here, and this Node knows no TypeScript. */
function isAlone(): boolean {
  if ((process.features as { typescript?: unknown }).typescript) return false;
  return !hasHooks();
}

async function importCompiled(url: string, file: string, base: string, error: unknown): Promise<unknown> {
  const program = fileURLToPath(base);
  if (await hasTsx([file, program])) return importAgain(url, base);
  let found: Found;
  try {
    found = findCompiler([file, program]);
  } catch (advice) {
    // Node has read the file: what it did not find is no matter of TypeScript.
    if ((error as { code?: string } | undefined)?.code === 'ERR_MODULE_NOT_FOUND') throw error;
    const why = error === undefined ? 'it is TypeScript' : (error as Error).message;
    throw new Error(`${why}: ${(advice as Error).message}`, { cause: error });
  }
  hookInto(found, { files: [file, program] });
  if (found.commonJs && formatOf(file) === 'commonjs') return asNamespace(createRequire(file)(file));
  return importAgain(url, base);
}

async function importAgain(url: string, base: string): Promise<unknown> {
  try {
    return await importFrom(base)(url);
  } catch (error) {
    if (!isOfSyntax(error)) throw error;
    // Node remembers that it could not load it, if it has tried before.
    return importFrom(base)(withMark(url));
  }
}

async function hasTsx(files: readonly string[]): Promise<boolean> {
  for (const file of files) {
    try {
      const require = createRequire(file);
      for (const api of ['tsx/cjs/api', 'tsx/esm/api']) (require(api) as { register(): unknown }).register();
      return true;
    } catch {
      // Not there.
    }
  }
  return false;
}

/** What `require` gives, in the form of a namespace: the exports of CommonJS are its default. */
function asNamespace(exports: unknown): unknown {
  const names = typeof exports === 'object' ? exports : undefined;
  return { ...names, default: (names as { default?: unknown } | undefined)?.default ?? exports };
}

let isHooked = false;

interface ModuleInternals {
  _extensions: Record<string, (module: { _compile(code: string, file: string): void }, file: string) => void>;
  _resolveFilename(request: string, parent: { filename?: string } | undefined, ...rest: unknown[]): string;
}

interface SyncHooks {
  registerHooks?(hooks: object): void;
  register(url: string, options: { data: HookData }): void;
}

function hookInto({ compile, commonJs }: Found, data: HookData): void {
  if (isHooked) return;
  isHooked = true;
  if (commonJs) hookIntoRequire(compile);
  const { registerHooks, register } = Module as unknown as SyncHooks;
  if (registerHooks === undefined) {
    register(new URL('../workers/typescript-hooks.mjs', import.meta.url).href, { data });
    return;
  }
  initialize(data);
  registerHooks({
    resolve(specifier: string, context: never, next: (specifier: string, context: never) => Resolved) {
      try {
        return marked(next(specifier, context), context);
      } catch (error) {
        const resolved = resolveAnew(specifier, context);
        if (resolved === undefined) throw error;
        return marked(resolved, context);
      }
    },
    load: (url: string, context: never, next: (url: string, context: never) => object) =>
      loadTyped(url) ?? next(url, context),
  });
}

function hookIntoRequire(compile: Found['compile']): void {
  const internals = Module as unknown as ModuleInternals;
  for (const extension of ['.ts', '.tsx', '.jsx', '.cts']) {
    internals._extensions[extension] = (module, file) =>
      module._compile(compile(readFileSync(file, 'utf8'), file, 'commonjs'), file);
  }
  const resolveFilename = internals._resolveFilename;
  internals._resolveFilename = function resolve(request, parent, ...rest) {
    try {
      return resolveFilename.call(this, request, parent, ...rest);
    } catch (error) {
      const found = parent?.filename && findTyped(request, parent.filename);
      if (!found) throw error;
      return found;
    }
  };
}
