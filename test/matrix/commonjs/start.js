const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { Balancer, InvalidOptionError, tasks } = require('leastwork');
const { transfer } = require('leastwork/task');
const { runBatch } = require('leastwork/batch');

async function main() {
  const balancer = new Balancer({ workers: 1 });
  assert.equal(await balancer.submit((a, b) => a + b, [1, 2]), 3);
  for (const module of [
    path.join(__dirname, 'tasks.js'),
    require.resolve('./tasks.js'),
    pathToFileURL(require.resolve('./tasks.js')),
  ]) {
    assert.equal(await balancer.submit(tasks(module).sum, [1, 2]), 3);
    await assert.rejects(balancer.submit(tasks(module).refuse), RangeError);
  }
  // A module may use itself, too.
  assert.equal(await balancer.submit(tasks(__filename).here, [1]), 2);
  await assert.rejects(
    balancer.submit(() => 1, [], { timeout: -1 }),
    InvalidOptionError,
  );
  assert.throws(() => tasks('./tasks.js'), /path\.join\(__dirname, '\.\/tasks\.js'\)/);
  assert.equal(typeof transfer, 'function');
  assert.equal(typeof runBatch, 'function');
  await balancer.close();
}

if (require('node:worker_threads').isMainThread) main();
exports.here = (n) => n + 1;
