// A single executable: the program in one file within a copy of Node, what threads load beside it.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { buildSync } = require('esbuild');

const out = mkdtempSync(path.join(tmpdir(), 'leastwork-sea-'));
try {
  buildSync({
    entryPoints: ['main.js'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: 'bundle.js',
    logLevel: 'error',
  });
  writeFileSync(
    'sea.json',
    JSON.stringify({ main: 'bundle.js', output: 'sea.blob', disableExperimentalSEAWarning: true }),
  );
  execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json']);
  const executable = path.join(out, 'program');
  copyFileSync(process.execPath, executable);
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
  execFileSync('postject', [executable, 'NODE_SEA_BLOB', 'sea.blob', '--sentinel-fuse', fuse], {
    stdio: 'ignore',
  });
  // Beside the executable: what threads load, and the modules of tasks.
  cpSync('node_modules/leastwork/dist/workers', path.join(out, 'workers'), { recursive: true });
  copyFileSync('tasks.js', path.join(out, 'tasks.js'));
  assert.equal(execFileSync(executable, { encoding: 'utf8', cwd: tmpdir() }), '3\n42\n');
} finally {
  rmSync(out, { recursive: true, force: true });
}
