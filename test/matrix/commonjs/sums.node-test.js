const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const { Balancer, tasks } = require('leastwork');

const balancer = new Balancer({ workers: 1 });
after(() => balancer.close());

test('an inline function', async () => {
  assert.deepEqual(await balancer.submit((list) => ({ list }), [[1, 2]]), { list: [1, 2] });
});

test("a module's function", async () => {
  assert.equal(await balancer.submit(tasks(require.resolve('./tasks.js')).sum, [1, 2]), 3);
});
