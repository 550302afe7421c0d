// Beside node_modules: packages stay where they are.
import { build } from 'esbuild';

await build({
  entryPoints: ['start.js', 'digest.js'], // the program, and each module of tasks
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  outdir: 'out',
});
