import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { TaskNotFoundError } from '../../dist/src/errors/errors.js';
import { Functions } from '../../dist/workers/functions/functions.js';
import { scratch } from '../support/scratch.js';

let lastId = 0;

function load(url: string, path: string[], base = import.meta.url) {
  const functions = new Functions();
  const id = ++lastId;
  functions.define({
    kind: 'module',
    id,
    name: `${url.split('/').at(-1)}#${path.join('.')}`,
    url,
    path,
    base,
  });
  return { functions, id, fn: functions.get(id) };
}

function fixture(name: string): string {
  return new URL(`../fixtures/tasks/${name}`, import.meta.url).href;
}

async function failureOf(url: string, path: string[], base?: string): Promise<TaskNotFoundError> {
  const error = await Promise.resolve(load(url, path, base).fn).catch((reason) => reason);
  expect(error).toBeInstanceOf(TaskNotFoundError);
  return error as TaskNotFoundError;
}

describe('exports of modules', () => {
  it.each([
    ['an ES module with top-level await', 'esm.mjs', ['add'], [1, 2], 3],
    ['a default export', 'esm.mjs', ['default'], ['x'], 'default x'],
    ['a nested object, which is `this`', 'esm.mjs', ['image', 'resize'], [3], 30],
    ['a deeper one', 'esm.mjs', ['image', 'deep', 'flip'], [3], -3],
    ['an object as the default export', 'object.mjs', ['default', 'quadruple'], [3], 12],
    ['the same without saying default', 'object.mjs', ['quadruple'], [3], 12],
    ['CommonJS', 'computed.cjs', ['add'], [1, 2], 3],
    ['CommonJS with a computed name', 'computed.cjs', ['upper'], ['x'], 'up x'],
    ['CommonJS with its exports as `this`', 'computed.cjs', ['viaThis'], [1, 2], 3],
    ['CommonJS, nested', 'computed.cjs', ['nested', 'add'], [1, 2], 3],
    ['a function as module.exports', 'function.cjs', ['default'], [2, 3], 6],
    ['a property of a function', 'function.cjs', ['extra'], [2], 2],
    ['a compiled default', 'transpiled.cjs', ['default'], ['x'], 'default x'],
    ['a compiled name', 'transpiled.cjs', ['named'], ['x'], 'named x'],
  ])('%s', async (_title, file, path, args, result) => {
    const fn = await load(fixture(file), path).fn;
    expect(await fn(...args)).toBe(result);
  });

  it('a data URL', async () => {
    const fn = await load('data:text/javascript,export const one = () => 1', ['one']).fn;
    expect(fn()).toBe(1);
  });

  it('a module of Node', async () => {
    const fn = await load('node:path', ['posix', 'join']).fn;
    expect(fn('a', 'b')).toBe('a/b');
  });

  it('known at once the second time, as is another export of the module', async () => {
    const url = `${fixture('esm.mjs')}?known`;
    const { functions, id, fn } = load(url, ['add']);
    expect(fn).toBeInstanceOf(Promise);
    const loaded = await fn;
    expect(functions.get(id)).toBe(loaded);
    const other = load(url, ['image', 'resize']);
    expect(other.fn).toBeTypeOf('function');
    expect(other.functions.get(other.id)).toBe(other.fn);
    await expect(load(url, ['missing']).fn).rejects.toThrow("has no export 'missing'");
  });

  it('asked for twice while loading, loaded once', () => {
    const { functions, id, fn } = load(`${fixture('esm.mjs')}?twice`, ['add']);
    expect(functions.get(id)).toBe(fn);
  });
});

describe('packages, resolved from the base', () => {
  let folder: string;
  let base: string;

  beforeAll(async () => {
    folder = scratch('package ü ');
    base = pathToFileURL(join(folder, 'main.js')).href;
    const home = join(folder, 'node_modules/some-package');
    await mkdir(home, { recursive: true });
    const exports = { '.': { import: './esm.mjs', require: './cjs.cjs' }, './sub': './sub.mjs' };
    await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'some-package', exports }));
    await writeFile(join(home, 'esm.mjs'), 'export const kind = () => "esm"');
    await writeFile(join(home, 'cjs.cjs'), 'exports.kind = () => "cjs"');
    await writeFile(join(home, 'sub.mjs'), 'export const sub = () => "sub"');
  });

  it('by name, as import sees it', async () => {
    const fn = await load('some-package', ['kind'], base).fn;
    expect(fn()).toBe('esm');
  });

  it('by subpath', async () => {
    const fn = await load('some-package/sub', ['sub'], base).fn;
    expect(fn()).toBe('sub');
  });

  it('not from elsewhere', async () => {
    const error = await failureOf('some-package', ['kind']);
    expect(error.message).toMatch(
      /its module some-package does not load: Cannot find package 'some-package'/,
    );
  });

  it('not a subpath that it does not export', async () => {
    const error = await failureOf('some-package/esm.mjs', ['kind'], base);
    expect((error.cause as { code?: string }).code).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

describe('what is not there', () => {
  it('a missing file', async () => {
    const error = await failureOf(fixture('missing.mjs'), ['add']);
    expect(error.code).toBe('ERR_TASK_NOT_FOUND');
    expect(error.message).toMatch(
      /task 'missing\.mjs#add': its module file:.* does not load: Cannot find module/,
    );
    expect((error.cause as { code?: string }).code).toBe('ERR_MODULE_NOT_FOUND');
  });

  it('a module that throws', async () => {
    const error = await failureOf(fixture('throws.mjs'), ['add']);
    expect(error.message).toMatch(/not today/);
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it('a module that does not parse', async () => {
    expect((await failureOf('data:text/javascript,export const = 1', ['add'])).cause).toBeInstanceOf(
      SyntaxError,
    );
  });

  it('an export that is missing, saying which there are', async () => {
    const { message } = await failureOf(fixture('esm.mjs'), ['subtract']);
    expect(message).toContain("has no export 'subtract'");
    expect(message).toContain('its functions are: add, count, default, image.resize.');
    expect(message).not.toContain('Did you mean');
  });

  it('an export that is missing, beside getters that throw', async () => {
    const error = await failureOf(fixture('getters.mjs'), ['ad']);
    expect(error.message).toContain(
      "has no export 'ad'; its functions are: add, nested.fine. Did you mean 'add'?",
    );
    expect((await failureOf(fixture('getters.mjs'), ['limit'])).message).toContain(
      'it is no function (number)',
    );
    expect((await failureOf(fixture('getters.cjs'), ['ad'])).message).toContain("has no export 'ad'");
  });

  it('a getter that throws, asked for itself', async () => {
    const error = await failureOf(fixture('getters.mjs'), ['nested', 'bad']);
    expect(error.message).toContain("to read 'nested.bad' throws: not configured");
    expect(error.cause).toMatchObject({ message: 'not configured' });
  });

  it('a name that is nearly right', async () => {
    expect((await failureOf(fixture('esm.mjs'), ['Add'])).message).toContain("Did you mean 'add'?");
    expect((await failureOf(fixture('esm.mjs'), ['cuont'])).message).toContain("Did you mean 'count'?");
    expect((await failureOf(fixture('computed.cjs'), ['uper'])).message).toContain("Did you mean 'upper'?");
  });

  it('an export that is no function', async () => {
    expect((await failureOf(fixture('esm.mjs'), ['VERSION'])).message).toContain(
      "'VERSION', but it is no function (string)",
    );
    expect((await failureOf(fixture('esm.mjs'), ['image'])).message).toContain('(object)');
  });

  it('a class', async () => {
    const { code, message } = await failureOf(fixture('esm.mjs'), ['Shape']);
    expect(code).toBe('ERR_TASK_NOT_FOUND');
    expect(message).toContain("exports 'Shape', but it is a class, and calling it needs `new`");
  });

  it('a path through what is not an object', async () => {
    expect((await failureOf(fixture('esm.mjs'), ['VERSION', 'x', 'y'])).message).toContain(
      "no export 'VERSION.x.y'",
    );
  });

  it('any function', async () => {
    expect((await failureOf(fixture('empty.mjs'), ['add'])).message).toContain('it exports no functions');
  });

  it('is looked for again the next time', async () => {
    const { functions, id, fn } = load(fixture('missing.mjs'), ['add']);
    await expect(fn).rejects.toThrow();
    const again = functions.get(id);
    expect(again).not.toBe(fn);
    await expect(again).rejects.toThrow(/does not load/);
  });
});
