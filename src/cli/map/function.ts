import { runInThisContext } from 'node:vm';
import { tasks } from '../../index.js';
import { UsageError } from '../arguments.js';
import { moduleAddress, servedAddress } from '../module-address.js';
import type { MapOptions } from './options.js';

type ItemTask = (item: unknown) => unknown;

/**
 * The requested task. Modules are not loaded here, a text is compiled but not called. Throws `UsageError`.
 */
export function taskOf({ fn, cluster }: Pick<MapOptions, 'fn' | 'cluster'>): ItemTask {
  if (fn.kind === 'text') return compile(fn.text);
  return exportOf(
    cluster === undefined ? moduleAddress(fn.module) : servedAddress(fn.module, false),
    fn.export,
  );
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

function exportOf(module: string | URL, path: readonly string[]): ItemTask {
  let handle: unknown = tasks(module);
  for (const key of path) handle = (handle as Record<string, unknown>)[key];
  return handle as ItemTask;
}
