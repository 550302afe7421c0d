// A main thread that was held up sees that a time is over before it sees what its threads have done in time.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Balancer } from 'leastwork';
import { runBatch } from 'leastwork/batch';
import { expect, it } from 'vitest';
import { Gate } from '../support/gate.js';
import { holdUp } from '../support/hold-up.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('busy-batch-');

/** The line that is not empty runs for 400 ms: the watch of the times has seen it when the hold-up begins. */
async function run(end: string) {
  const gate = new Gate();
  await using balancer = new Balancer({ workers: 1, workerData: gate.shared });
  await balancer.workersReady();
  const errors = `${folder}/errors-${end}`;
  const done = runBatch(balancer, {
    input: Readable.from([Buffer.from(`a\n${end}\n`)]),
    output: `${folder}/out-${end}`,
    errors,
    timeout: 1_000,
    task: (line: string) => {
      if (line === 'a') return line;
      const words = new Int32Array(process.getBuiltinModule('node:worker_threads').workerData);
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      Atomics.wait(words, 1, 0, 400);
      if (line === 'exit') process.exit(7);
      return line;
    },
  });
  await gate.reached();
  await new Promise((resolve) => setTimeout(resolve, 150));
  await holdUp(1_500);
  const report = await done;
  const failures = readFileSync(errors, 'utf8').trim();
  return { report, output: readFileSync(`${folder}/out-${end}`, 'utf8'), failures };
}

it('a line that has ended in time has not failed', async () => {
  const { report, output } = await run('ends');
  expect(report).toMatchObject({ items: 2, failed: 0 });
  expect(output).toBe('a\nends\n');
});

it('a line that has ended its thread in time has failed for that reason', async () => {
  const { report, output, failures } = await run('exit');
  expect(report).toMatchObject({ items: 2, failed: 1 });
  expect(output).toBe('a\n');
  expect(failures).toContain('the thread ended while it ran this item');
});
