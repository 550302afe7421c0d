// Beside node_modules: packages stay where they are.
import { rollup } from 'rollup';

const bundle = await rollup({
  input: ['start.js', 'digest.js'], // the program, and each module of tasks
  external: ['leastwork', /^node:/],
});
await bundle.write({ dir: 'out' });
