import { expect, test } from 'vitest';
import { outputOfNode } from '../support/program.js';

/** What of the library a program has loaded, after each of the given pieces of it. */
async function loadedAfter(...pieces: readonly string[]): Promise<string[]> {
  const note = `console.log(Object.keys(require.cache).map((file) => path.basename(file)).join(' '));`;
  const program = `
    const path = require('node:path');
    (async () => { ${pieces.map((piece) => `${piece};\n${note}`).join('\n')} })();`;
  return (await outputOfNode(['-e', program])).trim().split('\n');
}

const LOAD = `const { Balancer } = require('leastwork')`;
const MAKE = `const balancer = new Balancer({ workers: 1 })`;

test('loading the package loads what starts a thread, a Balancer the rest of it, and map what only map needs', async () => {
  const [loaded, made, submitted, mapped] = await loadedAfter(
    LOAD,
    MAKE,
    'await balancer.submit(() => 1)',
    'for await (const one of balancer.map([1], (n) => n)) await balancer.close()',
  );
  expect(loaded).toContain('core.cjs');
  expect(loaded).not.toMatch(/engine|on-demand/);
  expect(made).toContain('engine.cjs');
  expect(submitted).not.toContain('on-demand.cjs');
  expect(mapped).toContain('on-demand.cjs');
});

test('the first thread is started before the rest is loaded', async () => {
  const program = `
    const threads = require('node:worker_threads');
    const { Balancer } = require('leastwork');
    const isLoaded = () => Object.keys(require.cache).some((file) => file.endsWith('engine.cjs'));
    threads.Worker = class extends threads.Worker {
      constructor(file, options) {
        console.log(isLoaded());
        super(file, options);
      }
    };
    void new Balancer({ workers: 1 }).close();`;
  expect(await outputOfNode(['-e', program])).toBe('false\n');
});

test('a Balancer that cannot be made leaves no thread behind', async () => {
  const program = `
    const { Balancer } = require('leastwork');
    try {
      new Balancer({ workers: 2, policy: 'no-such-policy' });
    } catch (error) {
      console.log(error.code);
    }`;
  expect(await outputOfNode(['-e', program])).toBe('ERR_INVALID_OPTION\n');
});
