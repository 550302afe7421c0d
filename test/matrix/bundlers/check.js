// A bundle as the tool makes it without any setting for leastwork. It runs where the package is installed;
// without it, and without the folder of the threads' files, the constructor says what to do; with that folder
// it runs again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const [out] = process.argv.slice(2);
const program = existsSync(`${out}/main.cjs`) ? 'main.cjs' : 'main.js';
const run = (folder) =>
  execFileSync(process.execPath, [path.join(folder, program)], { encoding: 'utf8', cwd: folder });

assert.equal(run(path.resolve(out)), 'sum 3\n');

const alone = mkdtempSync(path.join(tmpdir(), 'leastwork-alone-'));
const hidden = path.resolve('node_modules/leastwork');
try {
  cpSync(out, alone, { recursive: true });
  cpSync('package.json', path.join(alone, 'package.json'));
  // Some bundlers write the place of the package into the bundle.
  execFileSync('mv', [hidden, `${hidden}-away`]);
  try {
    const told = run(alone);
    assert.match(
      told,
      /^ERR_NO_WORKER: .*copy the folder node_modules\/leastwork\/dist\/workers to .*docs\/loaders\.md/,
    );
    const [, place] = / to (\S+workers);/.exec(told);
    cpSync(`${hidden}-away/dist/workers`, place, { recursive: true });
    assert.equal(run(alone), 'sum 3\n');
  } finally {
    execFileSync('mv', [`${hidden}-away`, hidden]);
  }
} finally {
  rmSync(alone, { recursive: true, force: true });
}
