// Compiles the program as a user would, checks the package's own declarations with it, and runs it.

const { execFileSync } = require('node:child_process');
const { copyFileSync } = require('node:fs');

const [compiler, module_, resolution, extension = 'ts'] = process.argv.slice(2);
const { bin } = require(`./node_modules/${compiler}/package.json`);
const out = `out-${process.argv.slice(2).join('-')}`;
const js = extension.replace('t', 'j');
const source = `src/main.${extension}`;
if (extension !== 'ts') copyFileSync('src/main.ts', source);
const options = {
  module: module_,
  moduleResolution: resolution,
  target: 'es2022',
  lib: 'es2022',
  types: 'node',
  rootDir: 'src',
  outDir: out,
};
const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
const run = (...args) => execFileSync(process.execPath, args, { stdio: 'inherit' });
run(
  `node_modules/${compiler}/${bin.tsc}`,
  '--strict',
  ...flags,
  source,
  'src/tasks.ts',
  ...(module_ === 'commonjs' ? [] : ['src/both.mts']),
);
run(`${out}/main.${js}`);
