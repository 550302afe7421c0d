// All in one folder, which runs without node_modules.
import { cp } from 'node:fs/promises';
import path from 'node:path';
import webpack from 'webpack';

const compiler = webpack({
  context: process.cwd(),
  mode: 'production',
  target: 'node20.19',
  experiments: { outputModule: true },
  entry: { start: './start.js', digest: './digest.js' }, // the program, and each module of tasks
  optimization: { minimize: false }, // as you like
  // `new URL('./digest.js', import.meta.url)` means the file beside the built program.
  module: { parser: { javascript: { url: false, importMeta: false } } },
  output: { path: path.resolve('out/app'), filename: '[name].js', library: { type: 'module' } },
});
compiler.run((error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});
// What threads load, beside the program.
await cp('node_modules/leastwork/dist/workers', 'out/app/workers', { recursive: true });
