import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { rollup } from 'rollup';
import { minify } from 'terser';
import { describe, expect, it } from 'vitest';
import webpack from 'webpack';
import { expectAllRight, expectRightOrRefused, inFolder, reportOf, reportOfCode, source } from './tools.js';

const code = transformSync(source(), { loader: 'ts', format: 'esm', target: 'node20' }).code;

describe('functions that were minified or bundled', () => {
  it('work or are refused after terser', async () => {
    const { code: small } = await minify(code, { module: true, toplevel: true, compress: { passes: 2 } });
    // The helper for `using` has now a name like any other; and the constant was put in.
    expect(expectRightOrRefused(await reportOfCode(small as string, '.mjs'))).toEqual([
      'using',
      'importedBinding',
    ]);
  });

  it('work after rollup', async () => {
    await inFolder(async (folder) => {
      const input = join(folder, 'functions.mjs');
      await writeFile(input, code);
      const bundle = await rollup({ input, external: [/^node:/] });
      const { output } = await bundle.generate({ format: 'cjs' });
      await bundle.close();
      expectAllRight(await reportOfCode(output[0].code, '.cjs'));
    });
  });

  it('work after webpack, or are refused with advice that fits its names', async () => {
    await inFolder(async (folder) => {
      await mkdir(join(folder, 'out'));
      await writeFile(join(folder, 'functions.mjs'), code);
      await webpackRun({
        mode: 'development',
        devtool: false,
        target: 'node20',
        context: folder,
        entry: './functions.mjs',
        output: { path: join(folder, 'out'), filename: 'bundle.cjs', library: { type: 'commonjs2' } },
      });
      const bundle = join(folder, 'out/bundle.cjs');
      expect(await readFile(bundle, 'utf8')).toContain('__WEBPACK_IMPORTED_MODULE_');
      const { dynamicImport, ...report } = await reportOf(bundle);
      expectAllRight(report);
      expect(report.importedBinding?.message).toMatch(
        /node_crypto__WEBPACK_IMPORTED_MODULE_0__ .*`const \{ createHash \} = await import\('node:crypto'\)`/,
      );
      // webpack has made the import its own.
      expect(dynamicImport?.code).toBe('ERR_CAPTURED_VARIABLE');
      expect(dynamicImport?.message).toMatch(/__webpack_require__ .*webpack/);
    });
  });
});

function webpackRun(options: webpack.Configuration): Promise<void> {
  return new Promise((resolve, reject) => {
    const compiler = webpack(options);
    compiler.run((error, stats) => {
      compiler.close(() => {
        if (error) reject(error);
        else if (stats?.hasErrors()) reject(new Error(stats.toString()));
        else resolve();
      });
    });
  });
}
