// Beside node_modules: a build for the server leaves packages where they are.
import { build } from 'vite';

await build({
  logLevel: 'warn',
  build: {
    ssr: true,
    outDir: 'out',
    rolldownOptions: {
      input: { start: 'start.js', digest: 'digest.js' }, // the program, and each module of tasks
    },
  },
});
