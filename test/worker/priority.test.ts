import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';

/** Of the calling thread; Linux tells it of each thread, and no other system does. */
const niceness = () =>
  Number(
    (process.getBuiltinModule('node:fs') as typeof import('node:fs'))
      .readFileSync('/proc/thread-self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[16],
  );

it.runIf(process.platform === 'linux')(
  'niceIncrement lowers the priority of threads, and of nothing else',
  () =>
    withBalancer({ workers: 1, niceIncrement: 3 }, async (balancer) => {
      const own = Number(
        readFileSync('/proc/thread-self/stat', 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')[16],
      );
      expect((await balancer.submit(niceness)) - own).toBe(3);
      await withBalancer({ workers: 1 }, async (other) => {
        expect(await other.submit(niceness)).toBe(own);
      });
    }),
);
