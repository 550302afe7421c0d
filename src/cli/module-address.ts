import { existsSync, type Stats, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from './arguments.js';

const IS_PATH = /^(?:\.{0,2}\/|[a-zA-Z]:\\)/;

/** What paths and packages resolve from: a program in the working directory. */
const program = (): string => resolve('program');

/** Its address, for what resolves by addresses. */
export function programAddress(): string {
  return pathToFileURL(program()).href;
}

/** Paths and packages resolve from the working directory. Throws `UsageError`. */
export function moduleAddress(module: string): string | URL {
  mustBeNamed(module);
  const path = resolve(module);
  if (IS_PATH.test(module) || existsSync(path)) {
    if (!existsSync(path)) throw new UsageError(`${module}: there is no such module`);
    mustBeFile(module, path);
    return pathToFileURL(path);
  }
  if (/^(?:data|file|node):/.test(module)) return urlOf(module);
  try {
    return pathToFileURL(createRequire(program()).resolve(module));
  } catch {
    throw new UsageError(`${module}: there is no such file, nor such a package here`);
  }
}

/**
 * The address under which machines know a module: that of a package is its name. A machine must have it; who
 * sends it requests need not. Throws `UsageError`.
 */
export function servedAddress(module: string, mustExist: boolean): string | URL {
  mustBeNamed(module);
  const path = resolve(module);
  if (IS_PATH.test(module) || existsSync(path)) {
    if (mustExist && !existsSync(path)) throw new UsageError(`${module}: there is no such module`);
    if (mustExist) mustBeFile(module, path);
    return pathToFileURL(path);
  }
  if (/^(?:data|file|node):/.test(module)) return urlOf(module);
  if (mustExist && !isInstalled(module)) {
    throw new UsageError(`${module}: there is no such file, nor such a package here`);
  }
  return module;
}

/** An empty path would be that of the working directory. */
function mustBeNamed(module: string): void {
  if (module === '') throw new UsageError('a module is named by an empty text: is a variable not set?');
}

function urlOf(module: string): URL {
  const url = new URL(module);
  if (url.protocol === 'file:') mustBeFile(module, url);
  return url;
}

/**
 * Each thread reads the module. What can be read once, as a FIFO, would hold up all but one of them, and perhaps all.
 * What is not there, or a directory, is for the loader to tell. Throws `UsageError`.
 */
function mustBeFile(module: string, path: string | URL): void {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch {
    return;
  }
  if (stats === undefined || stats.isFile() || stats.isDirectory()) return;
  throw new UsageError(`${module}: a module must be a regular file`);
}

/** One that is for `import` alone is there, too. */
function isInstalled(name: string): boolean {
  try {
    createRequire(program()).resolve(name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}
