import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { CLOCK_OFFSET } from '../../dist/src/protocol/clock.js';

const CLOCK = new URL('../../dist/src/protocol/clock.js', import.meta.url).href;

it('the clock is the same in all threads, also in those that start late', async () => {
  for (let i = 0; i < 3; i++) {
    const before = performance.now() + CLOCK_OFFSET;
    const thread = new Worker(
      `const { parentPort } = require('node:worker_threads');
       const { performance } = require('node:perf_hooks');
       import(${JSON.stringify(CLOCK)}).then(({ CLOCK_OFFSET }) =>
         parentPort.postMessage(performance.now() + CLOCK_OFFSET));`,
      { eval: true },
    );
    const [there] = await once(thread, 'message');
    expect(there).toBeGreaterThan(before);
    expect(there).toBeLessThan(performance.now() + CLOCK_OFFSET);
    await thread.terminate();
  }
});
