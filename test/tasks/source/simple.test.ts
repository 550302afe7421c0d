import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { freeNames } from '../../../dist/src/tasks/source/free-names.js';
import { isGlobalName } from '../../../dist/src/tasks/source/globals.js';
import { parseFunction } from '../../../dist/src/tasks/source/parse.js';
import { isSimple } from '../../../dist/src/tasks/source/simple.js';
import { runProgram } from '../../support/program.js';

describe('isSimple', () => {
  it.each([
    '() => 1',
    'x => x',
    'line => JSON.parse(line).id',
    '(a, b,) => a + b',
    '(a, b) =>\n  Math.max(a, b) ** 2 % 7',
    'l => l.length > 3 ? l . trim() : undefined',
    "(s) => s.split(',')[0]?.at(-1) ?? 'none of it'",
    'xs => [...xs, 1e3, 0x1f, 1_000n, .5, 1..toFixed()]',
    'x => x?.5:2',
    "x => typeof x === 'string' && x !== \"import('x')\"",
    'a => new Map(a) instanceof Object',
    'n => process.pid + n.constructor.name.crypto.module.length',
    'eval => eval',
  ])('knows %s, as the parser does', (text) => {
    expect(isSimple(text)).toBe(true);
    const free = freeNames(parseFunction(text, 'f').node, false, true);
    expect(free.filter(({ name }) => !isGlobalName(name))).toEqual([]);
  });

  it.each([
    '() => outer',
    '() => outer.x',
    '(a) => a + b',
    'a => [...b]',
    'a => a[b]',
    'a => b ?.5:2',
    'typeofs => typeof other',
    '() => this.x',
    '() => arguments.length',
    '() => new.target',
    '() => new . target',
    "() => import('node:fs')",
    '() => import.meta.url',
    '() => super.x',
    '() => crypto.createHash',
    '() => toString.call(1)',
    '() => __name(1)',
    '() => constructor',
    'async () => 1',
    'async x => await x',
    'function () { return 1 }',
    'f(x) { return x }',
    'class A {}',
    '() => { return 1 }',
    '() => ({ a: 1 })',
    'a => b => a',
    '(a = outer) => a',
    '({ a }) => a',
    '(...a) => a',
    '(a) => `a`',
    '(a) => /outer/.test(a)',
    '(a) => a / 2 / outer',
    '(a) => a // outer',
    '(a) => a /* 1 */',
    "(a) => '\\'' + outer + '\\''",
    '(a) => a <!-- outer',
    '(a) => \\u0061',
    '(ä) => ä',
    `() => '${'x'.repeat(1_000)}'`,
    '[native code]',
    '',
  ])('leaves %s to the parser', (text) => {
    expect(isSimple(text)).toBe(false);
  });
});

it.each([
  ['is not loaded for simple functions', '(n) => n + 1', false],
  ['is loaded for others', '(n) => { return n + 1 }', true],
])('the parser %s', async (_, task, isLoaded) => {
  const library = fileURLToPath(new URL('../../../dist/node/index.cjs', import.meta.url));
  const { stdout } = await runProgram(process.execPath, [
    '-e',
    `const { Balancer } = require(${JSON.stringify(library)});
    const balancer = new Balancer({ workers: 1 });
    balancer.submit(${task}, [1]).then(async (result) => {
      await balancer.close();
      console.log(result, Object.keys(require.cache).some((file) => /acorn/.test(file)));
    });`,
  ]);
  expect(stdout).toBe(`2 ${isLoaded}\n`);
});
