// All in one folder, which runs without node_modules.
import { cp } from 'node:fs/promises';
import { build } from 'esbuild';

await build({
  entryPoints: ['start.js', 'digest.js'], // the program, and each module of tasks
  bundle: true,
  platform: 'node',
  format: 'esm',
  outdir: 'out/app',
});
// What threads load, beside the program.
await cp('node_modules/leastwork/dist/workers', 'out/app/workers', { recursive: true });
