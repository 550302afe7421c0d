import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from './scratch.js';

/** Names of files that are not there yet, in a fresh folder: tasks write to them that they have run. */
export function freshFiles(name: string): () => string {
  const folder = scratch(name);
  let files = 0;
  return () => join(folder, String(++files));
}

/** The whole lines of a file; none where it is not there. */
export function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}
