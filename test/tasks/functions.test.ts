import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { NotAFunctionError, TaskNotFoundError } from '../../dist/src/errors/errors.js';
import { Functions } from '../../dist/workers/functions/functions.js';
import type { TaskFunction } from '../../dist/workers/functions/task-function.js';
import { runNode } from '../support/program.js';
import { scratch } from '../support/scratch.js';

interface Given {
  name?: string;
  base?: string;
  sloppy?: boolean;
  helpers?: string[];
}

function make(source: string, given: Given = {}) {
  const functions = new Functions();
  const definition = { name: 'task', base: import.meta.url, sloppy: false, helpers: [], ...given };
  functions.define({ kind: 'inline', id: 1, source, ...definition });
  return functions.get(1) as TaskFunction;
}

describe('inline functions in a worker', () => {
  it('are there at once, and the same again', () => {
    const functions = new Functions();
    functions.define({
      kind: 'inline',
      id: 5,
      name: 'a',
      source: '(a) => a',
      base: import.meta.url,
      sloppy: false,
      helpers: [],
    });
    const fn = functions.get(5);
    expect((fn as TaskFunction)(1)).toBe(1);
    expect(functions.get(5)).toBe(fn);
  });

  it('have their name', () => {
    expect(make('(a) => a', { name: 'double' }).name).toBe('double');
    expect(make('(a) => a', { name: '(anonymous)' }).name).toBe('');
  });

  it('may have a name that is half of a pair of surrogates', () => {
    const name = 'a\ud83d';
    const fn = make('(() => { throw new Error("x") })', { name });
    expect(fn.name).toBe(name);
    expect(() => fn()).toThrow(
      expect.objectContaining({ stack: expect.stringContaining('inline:a%EF%BF%BD:1') }),
    );
  });

  it('are strict, unless they were not', () => {
    const source = '(function () { return this === undefined; })';
    expect(make(source)()).toBe(true);
    expect(make(source, { sloppy: true })()).toBe(false);
  });

  it('may be of sloppy code that only its syntax tells', () => {
    expect(make('(() => 010)')()).toBe(8);
  });

  it('have frames in stacks that name them, counted from their own beginning', () => {
    const fn = make('( () => { throw new Error("x") })', { name: 'fail', base: 'file:///app/main.js' });
    let stack = '';
    try {
      fn();
    } catch (error) {
      stack = (error as Error).stack as string;
    }
    expect(stack.split('\n')[1]).toMatch(/^ {4}at fail \(file:\/\/\/app\/inline:fail:1:15\)$/);
  });

  it('that do not compile reject, each time', async () => {
    const functions = new Functions();
    functions.define({
      kind: 'inline',
      id: 1,
      name: 'bad',
      source: '(a =>',
      base: import.meta.url,
      sloppy: false,
      helpers: [],
    });
    for (let i = 0; i < 2; i++) {
      const error = await Promise.resolve(functions.get(1)).catch((reason) => reason);
      expect(error).toBeInstanceOf(NotAFunctionError);
      expect(error.message).toMatch(/the source of 'bad' does not compile/);
    }
  });

  it('that nobody defined, or that were forgotten, reject', async () => {
    const functions = new Functions();
    functions.define({
      kind: 'inline',
      id: 1,
      name: 'a',
      source: '() => 1',
      base: import.meta.url,
      sloppy: false,
      helpers: [],
    });
    expect(functions.get(1)).toBeTypeOf('function');
    functions.forget([1, 7]);
    await expect(functions.get(1)).rejects.toThrow(TaskNotFoundError);
    await expect(functions.get(2)).rejects.toThrow(/task 2 is not known/);
  });
});

describe('require and import() inside', () => {
  let folder: string;
  let base: string;

  beforeAll(async () => {
    folder = scratch('inline ü ');
    base = pathToFileURL(join(folder, 'main.js')).href;
    const home = join(folder, 'node_modules/some-package');
    await mkdir(home, { recursive: true });
    await writeFile(
      join(home, 'package.json'),
      JSON.stringify({ exports: { import: './esm.mjs', require: './cjs.cjs' } }),
    );
    await writeFile(join(home, 'esm.mjs'), 'export const kind = "esm"');
    await writeFile(join(home, 'cjs.cjs'), 'exports.kind = "cjs"');
    await writeFile(join(folder, 'beside.mjs'), 'export const where = "beside"');
    await writeFile(join(folder, 'beside.cjs'), 'exports.where = "beside"');
  });

  it.each([
    ['some-package', { kind: 'esm' }],
    ['./beside.mjs', { where: 'beside' }],
    ['node:path', { sep: '/' }],
  ])('import(%o) resolves as in the entry file', async (specifier, expected) => {
    const fn = make('async (specifier) => ({ ...(await import(specifier)) })', { base });
    expect(await fn(specifier)).toMatchObject(expected);
  });

  it.each([
    ['some-package', { kind: 'cjs' }],
    ['./beside.cjs', { where: 'beside' }],
    ['node:path', { sep: '/' }],
  ])('require(%o) resolves as in the entry file', (specifier, expected) => {
    const fn = make('(specifier) => require(specifier)', { base });
    expect(fn(specifier)).toMatchObject(expected);
  });

  it('import() of what is not there rejects that call', async () => {
    const fn = make('async () => import("no-such-package")', { base });
    await expect(fn()).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
    expect(await make('async () => (await import("some-package")).kind', { base })()).toBe('esm');
  });

  it('say nothing of what Node calls experimental', async () => {
    const functions = new URL('../../dist/workers/functions/functions.js', import.meta.url).href;
    const script = `
      const { Functions } = await import(${JSON.stringify(functions)});
      const functions = new Functions();
      functions.define({ kind: 'inline', id: 1, name: 'a', source: '() => import("node:path")', base: ${JSON.stringify(base)}, helpers: [] });
      console.log((await functions.get(1)()).sep);`;
    const env = { ...process.env, NODE_NO_WARNINGS: '', NODE_OPTIONS: '' };
    const { stdout, stderr } = await runNode(['--input-type=module', '--eval', script], { env });
    expect([stdout, stderr]).toEqual(['/\n', '']);
  });
});

describe('helpers of compilers', () => {
  it.each([
    ['__name', '() => __name(() => 1, "one").name', 'one'],
    ['__publicField', '() => { const o = {}; __publicField(o, "a", 1); return o.a }', 1],
    ['__spreadValues', '() => JSON.stringify(__spreadValues({ a: 1 }, { b: 2 }))', '{"a":1,"b":2}'],
    ['__spreadProps', '() => JSON.stringify(__spreadProps({ a: 1 }, { b: 2 }))', '{"a":1,"b":2}'],
    ['__objRest', '() => JSON.stringify(__objRest({ a: 1, b: 2, c: 3 }, ["a"]))', '{"b":2,"c":3}'],
    ['__pow', '() => __pow(2, 10)', 1024],
    ['__require', '() => __require("node:path").sep', '/'],
    [
      '__toESM',
      '() => __toESM(require("node:path")).default.sep + __toESM({ __esModule: true, a: 1 }).a',
      '/1',
    ],
    ['__spreadArray', '() => __spreadArray([1], [2, 3], true).length', 3],
    ['tslib_1', '() => tslib_1.__spreadArray([1], [2], true).length', 2],
    ['cov_1a2b3c', '() => { cov_1a2b3c().f[0]++; cov_1a2b3c().b[0][1]++; return 1 }', 1],
  ])('%s', (helper, source, result) => {
    expect(make(source, { helpers: [helper] })()).toBe(result);
  });

  it.each(['__async', '__awaiter'])('%s runs to the end, waits and fails as async does', async (helper) => {
    const source = (body: string) =>
      helper === '__async'
        ? `() => __async(this, null, function* () { ${body} })`
        : `() => __awaiter(void 0, void 0, void 0, function* () { ${body} })`;
    const run = (body: string) => make(source(body), { helpers: [helper] })();
    expect(await run('const a = yield Promise.resolve(1); return a + (yield 2)')).toBe(3);
    expect(await run('try { yield Promise.reject(1) } catch (e) { return e + 1 }')).toBe(2);
    await expect(run('throw new Error("x")')).rejects.toThrow('x');
    await expect(run('yield Promise.reject(new Error("y"))')).rejects.toThrow('y');
  });

  it('vite’s import()', async () => {
    const helper = '__vite_ssr_dynamic_import__';
    const fn = make(`async () => (await ${helper}('node:path')).sep`, { helpers: [helper] });
    expect(await fn()).toBe('/');
  });
});
