// All in one folder, which runs without node_modules.
import { build } from 'esbuild';

await build({
  entryPoints: {
    'app/start': 'start.js', // the program
    'app/digest': 'digest.js', // each module of tasks, beside it
    'app/worker': 'node_modules/piscina/dist/worker.js', // what Piscina starts threads with, beside the program
    'workers/main': 'leastwork/worker', // what runs in them, one folder up
  },
  bundle: true,
  external: ['@napi-rs/nice'], // optional, native
  platform: 'node',
  format: 'esm',
  outdir: 'out',
  // Piscina is CommonJS.
  banner: {
    js: `import { createRequire as $createRequire } from 'node:module';
const require = $createRequire(import.meta.url);
const __dirname = import.meta.dirname;`,
  },
});
