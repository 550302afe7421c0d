import { Balancer } from 'leastwork';
import { expect, test } from 'vitest';

test('an option that no thread can start with rejects requests, and only that', async () => {
  const balancer = new Balancer({ workers: 1, execArgv: ['--no-such-flag'] });
  await expect(balancer.submit(() => 1)).rejects.toMatchObject({
    code: 'ERR_NO_WORKER',
    cause: { code: 'ERR_WORKER_INVALID_EXEC_ARGV' },
  });
  await balancer.close();
});
