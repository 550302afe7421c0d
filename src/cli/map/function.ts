import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { tasks } from '../../index.js';
import { UsageError } from '../arguments.js';
import type { GivenFunction } from './options.js';

type ItemTask = (item: unknown) => unknown;

/**
 * The requested task. Modules are not loaded here, a text is compiled but not called. Throws `UsageError`.
 */
export function taskOf(fn: GivenFunction): ItemTask {
  return fn.kind === 'text' ? compile(fn.text) : exportOf(fn.module, fn.export);
}

function compile(text: string): ItemTask {
  let value: unknown;
  try {
    value = runInThisContext(`(${text}\n)`, { filename: '-e' });
  } catch (error) {
    throw new UsageError(`-e: ${(error as Error).name}: ${(error as Error).message}`);
  }
  if (typeof value === 'function') return value as ItemTask;
  throw new UsageError(`-e: expected a function, as in 'line => line.length'; this is a ${typeof value}`);
}

function exportOf(module: string, path: readonly string[]): ItemTask {
  let handle: unknown = tasks(moduleAddress(module));
  for (const key of path) handle = (handle as Record<string, unknown>)[key];
  return handle as ItemTask;
}

/** Paths and packages resolve from the working directory. Throws `UsageError`. */
export function moduleAddress(module: string): string | URL {
  const path = resolve(module);
  const isPath = /^(?:\.{0,2}\/|[a-zA-Z]:\\)/.test(module);
  if (isPath || existsSync(path)) {
    if (!existsSync(path)) throw new UsageError(`${module}: there is no such module`);
    return pathToFileURL(path);
  }
  if (/^(?:data|file|node):/.test(module)) return new URL(module);
  try {
    return pathToFileURL(createRequire(resolve('program')).resolve(module));
  } catch {
    throw new UsageError(`${module}: there is no such file, nor such a package here`);
  }
}
