import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from './arguments.js';

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
