import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputOfNode } from '../../support/program.js';
import { expectAllRight, inFolder, type Report, reportOf, source } from './tools.js';

const require = createRequire(import.meta.url);
const MODULES = dirname(dirname(require.resolve('typescript/package.json')));

/** Compiles with `tsc` as in a project of its own, and runs what comes out. */
async function compileAndReport(
  options: Record<string, unknown>,
  type: 'module' | 'commonjs',
): Promise<{ code: string; report: Report }> {
  return inFolder(async (folder) => {
    const compilerOptions = {
      module: 'nodenext',
      lib: ['esnext'],
      types: ['node'],
      outDir: 'out',
      rootDir: '.',
      skipLibCheck: true,
      ...options,
    };
    await mkdir(join(folder, 'out'));
    await symlink(MODULES, join(folder, 'node_modules'), 'dir');
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type }));
    await writeFile(join(folder, 'functions.ts'), source());
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['functions.ts'] }),
    );
    await outputOfNode([join(MODULES, 'typescript/bin/tsc'), '-p', folder]);
    const file = join(folder, 'out/functions.js');
    return { code: await readFile(file, 'utf8'), report: await reportOf(file) };
  });
}

describe('functions compiled by TypeScript', () => {
  it('work for a new target', async () => {
    const { report } = await compileAndReport({ target: 'es2023' }, 'module');
    expectAllRight(report);
  });

  it('work in CommonJS, where imports become `node_crypto_1.createHash`', async () => {
    const { code, report } = await compileAndReport({ target: 'es2022' }, 'commonjs');
    expect(code).toContain('node_crypto_1');
    expectAllRight(report);
    expect(report.importedBinding?.message).toMatch(
      /node_crypto_1 .*`const \{ createHash \} = await import\('node:crypto'\)`/,
    );
  });

  it('work for an old target, with helpers such as `__awaiter` in the file', async () => {
    const { code, report } = await compileAndReport({ target: 'es2015' }, 'module');
    expect(code).toContain('__awaiter(');
    expect(code).toContain('__rest(');
    expectAllRight(report);
  });

  it('work with helpers imported from tslib, in an ES module', async () => {
    const { code, report } = await compileAndReport({ target: 'es2015', importHelpers: true }, 'module');
    expect(code).toContain('from "tslib"');
    expectAllRight(report);
  });

  it('work with helpers imported from tslib, in CommonJS', async () => {
    const { code, report } = await compileAndReport({ target: 'es2015', importHelpers: true }, 'commonjs');
    expect(code).toContain('tslib_1.__awaiter');
    expectAllRight(report);
  });
});
