import { readdir } from 'node:fs/promises';
import { transformSync } from 'esbuild';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { describe, expect, it } from 'vitest';
import { expectAllRight, inFolder, reportOfCode, source } from './tools.js';

const code = transformSync(source(), { loader: 'ts', format: 'esm', target: 'node20' }).code;

describe('functions under coverage', () => {
  it('work with the counters that istanbul puts into them', async () => {
    const counted = createInstrumenter({ esModules: true }).instrumentSync(code, 'functions.js');
    expect(counted).toMatch(/cov_\w+\(\)\.s\[\d+\]\+\+/);
    expectAllRight(await reportOfCode(counted, '.mjs'));
  });

  it("work under V8's own coverage", async () => {
    await inFolder(async (folder) => {
      expectAllRight(await reportOfCode(code, '.mjs', { NODE_V8_COVERAGE: folder }));
      expect(await readdir(folder)).not.toEqual([]);
    });
  });
});
