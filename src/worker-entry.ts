/**
 * Where the code is that runs in the threads. The one place that knows: this file is beside `workers/` in the built package, both as a module
 * (`dist/src`) and in the bundle (`dist/node`).
 */
import { existsSync } from 'node:fs';

/** What a thread loads. In a program that is bundled whole there may be `main.js` alone; see `workers/entry.cts`. */
export const WORKER_ENTRY = ['../workers/entry.cjs', '../workers/main.js']
  .map((path) => new URL(path, import.meta.url))
  .find((url, i) => i === 1 || existsSync(url)) as URL;
