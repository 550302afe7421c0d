const assert = require('node:assert/strict');
const { Balancer, tasks } = require('leastwork');

describe('in Mocha', () => {
  let balancer;
  before(() => {
    balancer = new Balancer({ workers: 1 });
  });
  after(() => balancer.close());

  it('runs an inline function', async () => {
    assert.deepEqual(await balancer.submit((list) => ({ list }), [[1, 2]]), { list: [1, 2] });
  });

  it("runs a module's function", async () => {
    assert.equal(await balancer.submit(tasks(require.resolve('./tasks.js')).sum, [1, 2]), 3);
  });
});
