/**
 * Where the code of the threads is. Only this file knows: in the built package `../workers/` is right from
 * here both as a module (`dist/src`) and in the bundle (`dist/node`).
 */
import { existsSync } from 'node:fs';

/**
 * The file that a thread loads. A program that is bundled whole may have only `main.js`; see
 * `workers/entry.cts`.
 */
export const WORKER_ENTRY = ['../workers/entry.cjs', '../workers/main.js']
  .map((path) => new URL(path, import.meta.url))
  .find((url, i) => i === 1 || existsSync(url)) as URL;
