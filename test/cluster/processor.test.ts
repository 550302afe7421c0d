import { Queue, QueueEvents, Worker } from 'bullmq';
import { Balancer } from 'leastwork';
import { leastworkProcessor } from 'leastwork/cluster';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { until } from '../support/until.js';

onEachEngine(
  (site) => {
    test("somebody's own queue: tasks by the name of the job, long ones do not stall, and a cancelled one stops", async () => {
      const connection = { url: (site.server.address as { redis: string }).redis };
      await using balancer = new Balancer({ workers: 1 });
      const queue = new Queue('mine', { connection });
      const events = new QueueEvents('mine', { connection });
      await events.waitUntilReady();
      const processor = leastworkProcessor(
        balancer,
        { double: work.double, spin: work.spin, rest: work.rest, odd: work.odd },
        { timeout: 20_000 },
      );
      const worker = new Worker('mine', processor, {
        connection,
        lockDuration: 2_200,
        stalledInterval: 2_200,
      });
      const stalled: string[] = [];
      worker.on('stalled', (id) => stalled.push(id));
      const result = async (name: string, data: number): Promise<unknown> =>
        (await queue.add(name, data)).waitUntilFinished(events);
      expect(await result('double', 21)).toBe(42);
      // A processor that blocks its event loop for so long loses its lock.
      expect(await result('rest', 5_000)).toBe(5_000);
      expect(stalled).toEqual([]);
      await expect(result('odd', 2)).rejects.toThrow('2 is even');
      await expect(result('constructor', 2)).rejects.toThrow(
        "no task for jobs of the name 'constructor'; there are: double, spin, rest, odd",
      );
      const long = await queue.add('spin', 600_000);
      const ended = long.waitUntilFinished(events);
      const cancelled = expect(ended).rejects.toThrow('not wanted');
      await until(() => worker.cancelJob(long.id as string, 'not wanted'));
      await cancelled;
      expect(await result('double', 2)).toBe(4);
      await Promise.all([worker.close(), queue.close(), events.close()]);
    });
  },
  ['redis'],
);

test('what is no task is refused at once', () => {
  const balancer = { submit: () => Promise.resolve() } as never;
  expect(() => leastworkProcessor(balancer, 'name' as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
  );
});
