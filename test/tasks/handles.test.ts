import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { called, targetName, targetOf, tasks } from '../../dist/src/tasks/handles.js';

const url = new URL('file:///app/hash.js?v=1');
const here = fileURLToPath(import.meta.url);

type Nested = { image: { resize(): void }; sha256(): void };

describe('handles of tasks(url)', () => {
  it('say where they point', () => {
    const handles = tasks<Nested>(url);
    expect(targetOf(handles.sha256)).toMatchObject({ url: url.href, path: ['sha256'] });
    expect(targetOf(handles.image.resize)).toMatchObject({ url: url.href, path: ['image', 'resize'] });
    expect(targetOf(() => 1)).toBeUndefined();
  });

  it('are the same each time', () => {
    const handles = tasks<Nested>(url);
    expect(handles.image.resize).toBe(handles.image.resize);
  });

  it('can stand for a function under its name', () => {
    const { sha256 } = tasks<Nested>(url);
    const other = called(sha256, 'other.js#md5');
    const target = targetOf(other);
    expect(target).toMatchObject({ url: url.href, path: ['sha256'], name: 'other.js#md5' });
    expect(target && targetName(target)).toBe('other.js#md5');
    expect(targetName(targetOf(sha256)!)).toBe('hash.js#sha256');
  });

  it('are functions, which refuse to be called here', () => {
    const { sha256 } = tasks<Nested>(url);
    expect(typeof sha256).toBe('function');
    expect(() => sha256()).toThrow(expect.objectContaining({ code: 'ERR_NOT_A_FUNCTION' }));
    expect(() => sha256()).toThrow(/'hash\.js#sha256' stands for .*balancer\.submit/);
    expect(() => Reflect.construct(tasks<Nested>(url).image.resize, [])).toThrow(
      /stands for|not a constructor/,
    );
  });

  it('are no thenables', async () => {
    const handles = tasks<Nested>(url);
    expect((handles as { then?: unknown }).then).toBeUndefined();
    expect(await handles.sha256).toBe(handles.sha256);
  });

  it('print as what they are', () => {
    const handles = tasks<Nested>(url);
    // Newer Nodes say also that it is a Proxy.
    const print = (handle: unknown) => inspect(handle).replace(/^Proxy\((.*)\)$/, '$1');
    expect(print(handles.sha256)).toBe('[Function: hash.js#sha256]');
    expect(print(handles.image.resize)).toBe('[Function: hash.js#image.resize]');
    expect(print(tasks('lodash/fp').map)).toBe('[Function: lodash/fp#map]');
    expect(String(handles.sha256)).toContain('function');
    expect(JSON.stringify({ task: handles.sha256 })).toBe('{}');
  });

  const OF_FUNCTIONS = ['name', 'length', 'call', 'apply', 'bind', 'prototype', 'constructor'] as const;
  const ASKED = ['toString', 'valueOf', 'toJSON'] as const;

  it('may be named as what functions have', () => {
    const handles = tasks<Record<string, () => void>>(url);
    for (const name of [...OF_FUNCTIONS, ...ASKED]) {
      expect(targetOf(handles[name]!)).toMatchObject({ path: [name] });
      expect(handles[name]).toBe(handles[name]);
    }
  });

  it('of such names refuse to be called on their own, as all do', () => {
    const handles = tasks<Record<string, () => void>>(url);
    for (const name of ASKED) {
      const handle = handles[name]!;
      expect(() => handle()).toThrow(`'hash.js#${name}' stands for`);
    }
    expect(() => handles.constructor!()).toThrow("'hash.js#constructor' stands for");
  });

  it('answer as functions do what the language asks', () => {
    const handles = tasks<Nested>(url);
    expect(`${handles.sha256}`).toBe('function () { [native code] }');
    expect(Object.is(handles.sha256.valueOf(), handles.sha256)).toBe(true);
    expect({} instanceof (handles.sha256 as never)).toBe(false);
    expect(handles.sha256 instanceof Function).toBe(true);
  });

  it('cannot be changed', () => {
    const handles = tasks<Record<string, unknown>>(url);
    expect(() => {
      (handles as Record<string, unknown>).sha256 = 1;
    }).toThrow(TypeError);
  });
});

describe('what tasks() takes', () => {
  const urlOf = (module: URL | string) => targetOf(tasks<Nested>(module).sha256)?.url;

  it.each([
    ['a URL', url, url.href],
    ['a file URL as a string', 'file:///app/a.js', 'file:///app/a.js'],
    ['a data URL', 'data:text/javascript,export default 1', 'data:text/javascript,export default 1'],
    ['an absolute path', here, import.meta.url],
    ['an absolute path with spaces', join(here, '../a b.js'), pathToFileURL(join(here, '../a b.js')).href],
    ['a package', 'lodash', 'lodash'],
    ['a subpath of a scoped package', '@scope/name/sub.js', '@scope/name/sub.js'],
    ['a module of Node', 'node:path', 'node:path'],
  ])('%s', (_title, module, expected) => {
    expect(urlOf(module)).toBe(expected);
  });

  it.each(['./hash.js', '../hash.js', '.', '..'])(
    'not the relative path %s, and says what to write',
    (path) => {
      expect(() => tasks(path)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }));
      expect(() => tasks(path)).toThrow(`new URL('${path}', import.meta.url)`);
    },
  );

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
    ['', "''"],
    [{}, 'an empty object'],
    [() => 1, 'a function'],
  ])('not %s', (module, given) => {
    expect(() => tasks(module as unknown as string)).toThrow(`tasks(module): got ${given}, expected a URL`);
  });

  it('not the module itself', () => {
    // By Node itself: vitest's own import gives a copy.
    const module: unknown = createRequire(import.meta.url)('../fixtures/tasks/object.mjs');
    expect(() => tasks(module as unknown as string)).toThrow(
      'got a module that is loaded here, expected a URL',
    );
  });
});
