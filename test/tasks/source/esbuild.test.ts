import { buildSync, type TransformOptions, transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { expectAllRight, expectRightOrRefused, FUNCTIONS, reportOfCode, source } from './tools.js';

function compile(options: TransformOptions): string {
  return transformSync(source(), { loader: 'ts', keepNames: true, ...options }).code;
}

describe('functions compiled by esbuild', () => {
  it('work with names kept (`__name`), in an ES module', async () => {
    const code = compile({ format: 'esm', target: 'node20' });
    expect(code).toContain('__name(');
    expectAllRight(await reportOfCode(code, '.mjs'));
  });

  it('work in CommonJS, where imports become `import_node_crypto.createHash`', async () => {
    const code = compile({ format: 'cjs', target: 'node20' });
    const report = await reportOfCode(code, '.cjs');
    expectAllRight(report);
    expect(report.importedBinding?.message).toMatch(
      /import_node_crypto .*`const \{ createHash \} = await import\('node:crypto'\)`/,
    );
  });

  it('work or are refused for old targets, with `__async`, `__objRest` and their like', async () => {
    const code = compile({ format: 'esm', target: 'es2016' });
    expect(code).toContain('__async(');
    const report = await reportOfCode(code, '.mjs');
    expect(expectRightOrRefused(report)).toEqual([
      'innerClass',
      'generator',
      'asyncGenerator',
      'importedBinding',
      'constant',
    ]);
    expect(report.innerClass?.message).toMatch(/__privateAdd .*is a helper .*newer target/);
  });

  it('work or are refused when bundled and minified', async () => {
    const { outputFiles } = buildSync({
      entryPoints: [FUNCTIONS],
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      write: false,
    });
    const report = await reportOfCode((outputFiles[0] as { text: string }).text, '.mjs');
    // The helper for `using` has now a name like any other.
    expect(expectRightOrRefused(report)).toEqual(['using', 'importedBinding', 'constant']);
  });
});
