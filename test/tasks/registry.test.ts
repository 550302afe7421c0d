import { describe, expect, it } from 'vitest';
import { tasks } from '../../dist/src/tasks/handles.js';
import { TaskRef, TaskRegistry } from '../../dist/src/tasks/registry.js';

const url = new URL('file:///app/hash.js');

describe('TaskRegistry', () => {
  it('counts ids up from 1, in each registry', () => {
    const first = new TaskRegistry({ inline: true });
    const second = new TaskRegistry({ inline: true });
    expect([first.resolve(() => 1).id, first.resolve(() => 2).id, second.resolve(() => 3).id]).toEqual([
      1, 2, 1,
    ]);
  });

  it('gives a TaskRef that has not run yet', () => {
    const ref = new TaskRegistry({ inline: true }).resolve(function add(a: number, b: number) {
      return a + b;
    });
    expect(ref).toBeInstanceOf(TaskRef);
    expect(ref).toMatchObject({ id: 1, name: 'add', streams: false, mean: Number.NaN, runs: 0 });
    expect(ref.definition).toMatchObject({ kind: 'inline', id: 1, name: 'add', sloppy: false, helpers: [] });
  });

  it('knows a function again, also after others', () => {
    const registry = new TaskRegistry({ inline: true });
    const [one, two] = [(a: number) => a, (b: number) => b];
    const refs = [one, two, one, one, two].map((task) => registry.resolve(task));
    expect(refs.map((ref) => ref.id)).toEqual([1, 2, 1, 1, 2]);
  });

  it('knows an arrow that is made anew by its text', () => {
    const registry = new TaskRegistry({ inline: true });
    const ids = [1, 2, 3].map(() => registry.resolve((n: number) => n * 2).id);
    expect(ids).toEqual([1, 1, 1]);
  });

  it('says that inline functions are off, whatever the name is', () => {
    const registry = new TaskRegistry({ inline: false });
    for (const value of [Symbol('s'), 5, '']) {
      const task = Object.defineProperty(() => 1, 'name', { value });
      expect(() => registry.resolve(task)).toThrow("'(anonymous)' is an inline function");
    }
    const throws = () => {
      throw new Error('name');
    };
    const task = Object.defineProperty(() => 1, 'name', { get: throws });
    expect(() => registry.resolve(task)).toThrow("'(anonymous)' is an inline function");
  });

  it.each([
    5,
    null,
    {},
    { url: 'file:///a.js', base: 'file:///', path: [1] },
    { url: 1, base: '', path: [] },
  ])('takes a function for what it is that has %j where handles say where they point', (target) => {
    const task = Object.assign(() => 1, { [Symbol.for('leastwork.task')]: target });
    expect(new TaskRegistry({ inline: true }).resolve(task).definition.kind).toBe('inline');
  });

  it('refuses a revoked Proxy of a function', () => {
    const { proxy, revoke } = Proxy.revocable(() => 1, {});
    revoke();
    expect(() => new TaskRegistry({ inline: true }).resolve(proxy)).toThrow('the function is a Proxy');
  });

  it('tells generators', () => {
    const registry = new TaskRegistry({ inline: true });
    expect(registry.resolve(function* () {}).streams).toBe(true);
    expect(registry.resolve(async function* () {}).streams).toBe(true);
    expect(registry.resolve(async () => {}).streams).toBe(false);
  });

  it('forgets the text used least recently when there are more than its limit', () => {
    const registry = new TaskRegistry({ inline: true }, 2);
    const make = [() => () => 'a', () => () => 'b', () => () => 'c'] as const;
    const id = (index: 0 | 1 | 2) => registry.resolve(make[index]()).id;
    expect([id(0), id(1), id(0), id(2)]).toEqual([1, 2, 1, 3]);
    // 'b' had to go, 'a' had been used since.
    expect([id(0), id(1)]).toEqual([1, 4]);
  });

  it('knows a function that is still there even when its text is forgotten', () => {
    const registry = new TaskRegistry({ inline: true }, 1);
    const kept = () => 'kept';
    const ref = registry.resolve(kept);
    registry.resolve(() => 'other');
    expect(registry.resolve(kept)).toBe(ref);
  });

  it("knows a module's export by url and path, whatever the handle", () => {
    const registry = new TaskRegistry({ inline: true });
    const first = registry.resolve(tasks(url).sha256);
    expect(registry.resolve(tasks(url.href).sha256)).toBe(first);
    expect(registry.resolve(tasks(url).md5)).not.toBe(first);
    expect(first).toMatchObject({ name: 'hash.js#sha256', streams: false });
    expect(first.definition).toMatchObject({ kind: 'module', id: 1, url: url.href, path: ['sha256'] });
  });

  it('tells paths apart that join to the same', () => {
    const registry = new TaskRegistry({ inline: true });
    const handles = tasks<Record<string, Record<string, () => void>>>(url);
    const one = registry.resolve(handles['a.b']?.c);
    const other = registry.resolve(handles.a?.['b.c']);
    expect(one).not.toBe(other);
  });

  it('refuses a whole module', () => {
    const registry = new TaskRegistry({ inline: true });
    expect(() => registry.resolve(tasks(url))).toThrow(/is the whole module: .*tasks\(url\)\.default/);
  });

  it.each([
    [undefined, /not a function but undefined; pass the function itself.*tasks\(url\)\.then.*another name/],
    [null, /not a function but null/],
    [5, /not a function but a number; pass the function itself, not the result/],
    ['hash', /not a function but a string; .*tasks\(url\)\.name/],
    [{}, /not a function but an object; pass/],
    [[], /not a function but an array/],
    [Promise.resolve(), /a Promise.*not the result of calling it/],
    [Symbol('s'), /not a function but a symbol/],
  ])('refuses %s', (task, message) => {
    const registry = new TaskRegistry({ inline: true });
    expect(() => registry.resolve(task)).toThrow(expect.objectContaining({ code: 'ERR_NOT_A_FUNCTION' }));
    expect(() => registry.resolve(task)).toThrow(message);
  });

  it('refuses a captured variable each time', () => {
    const registry = new TaskRegistry({ inline: true });
    const outer = Math.random();
    const task = () => outer;
    for (let i = 0; i < 2; i++) {
      expect(() => registry.resolve(task)).toThrow(
        expect.objectContaining({ code: 'ERR_CAPTURED_VARIABLE' }),
      );
    }
    expect(registry.resolve(() => 1).id).toBe(1);
  });

  it('takes only exports with inline: false', () => {
    const registry = new TaskRegistry({ inline: false });
    expect(() => registry.resolve(function add() {})).toThrow(
      expect.objectContaining({
        code: 'ERR_NOT_A_FUNCTION',
        message: expect.stringMatching(
          /'add' is an inline function, and these are off \(inline: false\): use tasks/,
        ),
      }),
    );
    expect(registry.resolve(tasks(url).sha256).id).toBe(1);
  });
});

it.each<[string, (ref: TaskRef) => void]>([
  ['a run', (ref) => ref.ran(1)],
  ['a chunk of runs', (ref) => ref.ranOften(1, 10)],
])('%s that was completed ends a row of deaths', (_, run) => {
  const ref = new TaskRegistry({ inline: true }).resolve(() => 1);
  ref.kills = 2;
  run(ref);
  expect(ref.kills).toBe(0);
});
