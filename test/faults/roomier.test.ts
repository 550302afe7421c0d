import { expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';

const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

it('arguments for which a thread has too little memory left run on a fresh one', () =>
  withSmallBalancer({ resourceLimits }, async (balancer) => {
    const ends: unknown[] = [];
    balancer.on('workerEnd', ({ cause }) => ends.push(cause));
    /** Fits a fresh thread, and not beside what the next task leaves behind. */
    const large = Array.from({ length: 1_000_000 }, (_, i) => i + 0.5);
    expect(await balancer.submit(faults.lengthOf, [large])).toBe(large.length);
    const first = await balancer.submit(faults.leak, [44]);
    expect(await fates([balancer.submit(faults.lengthOf, [large])])).toEqual([large.length]);
    expect(ends).toMatchObject([{ code: 'ERR_WORKER_OUT_OF_MEMORY' }]);
    expect(await balancer.submit(faults.thread)).not.toBe(first);
    expect(balancer.stats()).toMatchObject({ completed: 4, failed: 0, retried: 0 });
  }));
