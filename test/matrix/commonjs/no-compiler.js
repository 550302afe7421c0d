// A module in TypeScript that Node does not load as it is, where nothing can compile it: the error says what
// to add.

const assert = require('node:assert/strict');
const { Balancer, TaskNotFoundError, tasks } = require('leastwork');

const balancer = new Balancer({ workers: 1 });
balancer
  .submit(tasks(require.resolve('./unit.ts')).unit)
  .then(
    () => assert.fail('there is no compiler'),
    (error) => {
      assert.ok(error instanceof TaskNotFoundError);
      assert.match(error.message, /node --import tsx.*esbuild.*typescript/);
    },
  )
  .finally(() => balancer.close());
