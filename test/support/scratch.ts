import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A fresh folder, gone after the tests of the file. `name` becomes part of its path. */
export function scratch(name = ''): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `leastwork-${name}`)));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
