// All in one folder, which runs without node_modules.
import { cp } from 'node:fs/promises';
import { build } from 'vite';

await build({
  logLevel: 'warn',
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: 'out/app',
    rolldownOptions: {
      input: ['start.js', 'digest.js'], // the program, and each module of tasks
      output: { chunkFileNames: '[name].js' }, // as deep as the program: places are found relative to it
    },
  },
});
// What threads load, beside the program.
await cp('node_modules/leastwork/dist/workers', 'out/app/workers', { recursive: true });
