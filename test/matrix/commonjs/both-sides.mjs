// One copy of the library, whichever side loads it first.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const first = require('leastwork');
const sides = {
  '.': await import('leastwork'),
  './task': await import('leastwork/task'),
  './batch': await import('leastwork/batch'),
};
for (const [subpath, esm] of Object.entries(sides)) {
  const cjs = require(`leastwork${subpath.slice(1)}`);
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort());
  for (const name of Object.keys(esm)) assert.equal(cjs[name], esm[name], name);
}

const { Balancer, Router, InvalidOptionError, tasks } = sides['.'];
const balancer = new first.Balancer({ workers: 1 });
assert.ok(balancer instanceof Balancer);
const router = new Router({ '*': balancer });
assert.equal(await router.submit(tasks(new URL('./tasks.js', import.meta.url)).sum, [1, 2]), 3);
assert.equal(await router.submit(first.tasks(require.resolve('./tasks.js')).sum, [1, 2]), 3);
await assert.rejects(
  balancer.submit(() => 1, [], { timeout: -1 }),
  InvalidOptionError,
);
await router.close();
