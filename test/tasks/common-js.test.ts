import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Balancer, type BalancerOptions, tasks } from '../../dist/node/index.js';
import { scratch } from '../support/scratch.js';

interface Module {
  how(): string;
  broken(): string;
}

const folder = scratch();
const exportsOf = (name: string) => tasks<Module>(pathToFileURL(join(folder, name)));

/** `require` gives a module a parent, `import()` does not. `then` must not make a promise of its namespace. */
const TEXT = `
  const how = () => (module.parent == null ? 'import' : 'require');
  Object.assign(exports, { how, then: how });
  Object.defineProperty(exports, 'broken', { enumerable: true, get() { throw new Error('broken') } });
`;

const RESOLVE = `export const resolve = (name, context, next) =>
  next(name.endsWith('/module.cjs') ? name.replace('module.cjs', 'hooked.cjs') : name, context);`;

beforeAll(async () => {
  await writeFile(join(folder, 'module.cjs'), TEXT);
  await writeFile(join(folder, 'module.js'), TEXT);
  await writeFile(join(folder, 'hooks.cjs'), '');
  await writeFile(join(folder, 'hooked.cjs'), `exports.how = () => 'hooked'; exports.broken = () => '';`);
  await writeFile(join(folder, 'resolve.mjs'), RESOLVE);
  await writeFile(
    join(folder, 'register.mjs'),
    `import { register } from 'node:module'; register('./resolve.mjs', import.meta.url);`,
  );
});

async function using<T>(options: BalancerOptions, use: (balancer: Balancer) => Promise<T>): Promise<T> {
  const balancer = new Balancer({ workers: 1, execArgv: [], ...options });
  try {
    return await use(balancer);
  } finally {
    await balancer.close();
  }
}

describe('a module of tasks', () => {
  it.each([
    ['in CommonJS is required', 'module.cjs', {}, 'require'],
    ['that its name does not say to be CommonJS is imported', 'module.js', {}, 'import'],
    [
      'is imported where something is loaded before the program',
      'module.cjs',
      { execArgv: ['--require', join(folder, 'hooks.cjs')] },
      'import',
    ],
  ])('%s', async (_, name, options, how) => {
    expect(await using(options, (balancer) => balancer.submit(exportsOf(name).how))).toBe(how);
  });

  it('is imported where a preloaded module may have registered hooks', async () => {
    const preload = [pathToFileURL(join(folder, 'register.mjs'))];
    expect(await using({ preload }, (balancer) => balancer.submit(exportsOf('module.cjs').how))).toBe(
      'hooked',
    );
  });

  it('in CommonJS may export a getter that throws', async () => {
    const broken = using({}, (balancer) => balancer.submit(exportsOf('module.cjs').broken));
    await expect(broken).rejects.toThrow(/to read 'broken' throws: broken/);
  });

  it('in CommonJS that is not there is told of as by import()', async () => {
    const missing = using({}, (balancer) => balancer.submit(exportsOf('missing.cjs').how));
    await expect(missing).rejects.toThrow(/does not load: Cannot find module .*missing\.cjs' imported from/);
  });
});
