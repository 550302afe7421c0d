import { Balancer } from 'leastwork';
import { afterEach, expect, it } from 'vitest';
import { outputOfNode } from '../support/program.js';

const { SharedArrayBuffer: Original } = globalThis;
afterEach(() => {
  globalThis.SharedArrayBuffer = Original;
});

/** As many large allocations fail as where a process has no memory left. */
function failAllocations(count: number): void {
  let failures = 0;
  globalThis.SharedArrayBuffer = class extends Original {
    constructor(bytes = 0) {
      if (bytes > 1_024 && failures++ < count) throw new RangeError('Array buffer allocation failed');
      super(bytes);
    }
  } as typeof Original;
}

/** Windows of a size that no other one in this process has had: their memory is not there yet. */
const elastic = (window: number) => new Balancer({ workers: { min: 0, max: 1 }, window });

it('a worker for which there is no memory is started later', async () => {
  await using balancer = elastic(4_096);
  failAllocations(2);
  expect(await balancer.submit(() => 2)).toBe(2);
});

it('requests are rejected with the reason where there never is any', async () => {
  await using balancer = elastic(8_192);
  failAllocations(Number.POSITIVE_INFINITY);
  const reason = 'no worker can be started: Array buffer allocation failed';
  await expect(balancer.submit(() => 2)).rejects.toThrow(reason);
  await expect(balancer.add()).rejects.toThrow(reason);
});

it('a Balancer whose second thread has no memory begins with the first one, and leaves none behind', async () => {
  const program = `
    import os from 'node:os';
    import { syncBuiltinESMExports } from 'node:module';
    // Four threads have a head start.
    os.availableParallelism = () => 8;
    syncBuiltinESMExports();
    const { Balancer } = await import('leastwork');
    const { SharedArrayBuffer: Original } = globalThis;
    let windows = 0;
    globalThis.SharedArrayBuffer = class extends Original {
      constructor(bytes = 0) {
        // The pool fails to start it, too.
        if (bytes > 100_000 && [2, 3].includes(++windows)) throw new RangeError('Array buffer allocation failed');
        super(bytes);
      }
    };
    const balancer = new Balancer({ workers: 4, window: 4_096 });
    const first = await balancer.submit(() => 1 + 1);
    await balancer.workersReady(4);
    const labels = balancer.stats().workers.map(({ label }) => label).sort();
    await balancer.close();
    console.log(JSON.stringify([first, labels]));`;
  const output = await outputOfNode(['--input-type=module', '-e', program]);
  expect(JSON.parse(output)).toEqual([2, ['1', '2', '3', '4']]);
});
