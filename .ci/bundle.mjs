// Makes one CommonJS file of what runs in threads, beside the ES modules that `tsc` makes of it. A thread loads some 25 of
// those one by one, which takes as long as all else that it does until its first result.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

await build({
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  entryPoints: ['workers/main.ts'],
  outfile: 'dist/workers/main.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  sourcemap: true,
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: {
    js: `'use strict';\nconst importMetaUrl = require('node:url').pathToFileURL(__filename).href;`,
  },
  logLevel: 'warning',
});
