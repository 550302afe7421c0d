import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder for what files of tests share, such as a new database to copy; gone after the run. */
    runFolder: string;
  }
}

export default function setup({ provide }: TestProject): () => void {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'leastwork-run-')));
  provide('runFolder', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
