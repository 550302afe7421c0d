// Beside node_modules: leastwork stays where it is.
import path from 'node:path';
import webpack from 'webpack';

const compiler = webpack({
  context: process.cwd(),
  mode: 'production',
  target: 'node20.19',
  experiments: { outputModule: true },
  entry: { start: './start.js', digest: './digest.js' }, // the program, and each module of tasks
  externals: { leastwork: 'module leastwork' },
  // `new URL('./digest.js', import.meta.url)` means the file beside the built program.
  module: { parser: { javascript: { url: false, importMeta: false } } },
  output: { path: path.resolve('out'), filename: '[name].js', library: { type: 'module' } },
});
compiler.run((error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});
