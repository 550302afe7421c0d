import commonjs from '@rollup/plugin-commonjs';
import resolve from '@rollup/plugin-node-resolve';

export default {
  input: { main: 'src/main.js', tasks: 'src/tasks.js' },
  plugins: [resolve({ preferBuiltins: true }), commonjs()],
  output: { dir: 'out-rollup', format: 'esm' },
};
