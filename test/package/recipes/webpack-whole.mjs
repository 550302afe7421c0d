// All in one folder, which runs without node_modules.
import path from 'node:path';
import webpack from 'webpack';

const compiler = webpack({
  context: process.cwd(),
  mode: 'production',
  target: 'node20.19',
  experiments: { outputModule: true },
  entry: {
    'app/start': './start.js', // the program
    'app/digest': './digest.js', // each module of tasks, beside it
    'app/worker': './node_modules/piscina/dist/worker.js', // what Piscina starts threads with, beside the program
    'workers/main': 'leastwork/worker', // what runs in them, one folder up
  },
  externals: { '@napi-rs/nice': 'node-commonjs @napi-rs/nice' }, // optional, native
  node: { __dirname: 'node-module' }, // Piscina is CommonJS
  optimization: { minimize: false }, // as you like
  // `new URL('./digest.js', import.meta.url)` means the file beside the built program.
  module: { parser: { javascript: { url: false, importMeta: false } } },
  output: { path: path.resolve('out'), filename: '[name].js', library: { type: 'module' } },
});
compiler.run((error, stats) => {
  if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
});
