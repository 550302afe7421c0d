// All in one folder, which runs without node_modules.
import { build } from 'vite';

await build({
  logLevel: 'warn',
  ssr: { noExternal: true, external: ['@napi-rs/nice'] }, // that one is optional, and native
  build: {
    ssr: true,
    outDir: 'out',
    rolldownOptions: {
      input: {
        'app/start': 'start.js', // the program
        'app/digest': 'digest.js', // each module of tasks, beside it
        'app/worker': 'node_modules/piscina/dist/worker.js', // what Piscina starts threads with, beside the program
        'workers/main': 'leastwork/worker', // what runs in them, one folder up
      },
      output: {
        chunkFileNames: 'app/[name].js', // as deep as the program: places are found relative to it
        // Piscina is CommonJS.
        banner: `import { createRequire as $createRequire } from 'node:module';
const require = $createRequire(import.meta.url);
const __dirname = import.meta.dirname;`,
      },
    },
  },
});
