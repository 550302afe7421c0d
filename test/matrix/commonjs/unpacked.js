// As in an archive of Electron, whose unpacked files lie in a folder beside it: threads load those.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'leastwork-asar-')));
try {
  for (const each of ['app.asar', 'app.asar.unpacked'])
    cpSync('node_modules', path.join(folder, each, 'node_modules'), { recursive: true });
  const main = path.join(folder, 'app.asar/main.js');
  const program = async () => {
    const { Balancer } = require('leastwork');
    const balancer = new Balancer({ workers: 1 });
    const files = await balancer.submit(() => Object.keys(require('node:module')._cache));
    console.log(JSON.stringify(files));
    await balancer.close();
  };
  writeFileSync(main, `(${program})()`);
  const files = JSON.parse(execFileSync(process.execPath, [main], { encoding: 'utf8' }));
  const inside = files.filter((file) => file.includes(`app.asar${path.sep}`));
  assert.deepEqual(inside, []);
  assert.ok(files.some((file) => file.includes('app.asar.unpacked')));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
