import { Balancer, tasks } from 'leastwork';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { routeName } from '../../dist/src/router/route-name.js';
import { Router, type Submitter } from '../../dist/src/router/router.js';

/** Notes what it is given; settles with its own name. */
const fake = (name: string) => {
  const calls: unknown[][] = [];
  const submitter = {
    calls,
    submit: (...args: unknown[]) => {
      calls.push(args);
      return Promise.resolve(name);
    },
    map: async function* (...args: unknown[]) {
      calls.push(args);
      yield name;
    },
    stream: async function* (...args: unknown[]) {
      calls.push(args);
      yield name;
    },
    stats: () => ({ name }),
    close: vi.fn(async () => {}),
  };
  return submitter as unknown as Submitter & { calls: unknown[][]; close: typeof submitter.close };
};

const at = (file: string) => tasks(new URL(file, 'file:///project/tools/'));
const named = (name: string) => ({ [name]: () => 0 })[name] as () => number;

describe('the name of a task', () => {
  it.each<[() => unknown, string]>([
    [at('hash.js').sha256!, 'hash/sha256'],
    [at('hash.js').default!, 'hash/default'],
    [(at('hash.js') as never as { image: { resize: () => 0 } }).image.resize, 'hash/image/resize'],
    [at('a%20b.test.mjs?v=1#x').run!, 'a b.test/run'],
    [at('.hidden').run!, '.hidden/run'],
    [tasks('sharp').resize!, 'sharp/resize'],
    [tasks('@scope/package/sub').run!, '@scope/package/sub/run'],
    [tasks('data:text/javascript,export const f = () => 1').f!, 'data:/f'],
    [named('short'), 'short'],
    [() => 0, '(anonymous)'],
    [Object.defineProperty(() => 0, 'name', { value: Symbol('s') }), '(anonymous)'],
    [Object.defineProperty(() => 0, 'name', { value: 5 }), '(anonymous)'],
    [Object.assign(named('odd'), { [Symbol.for('leastwork.task')]: {} }), 'odd'],
  ])('%o: %s', (task, name) => expect(routeName(task)).toBe(name));
});

it('of a function whose name cannot be read is that of one without', () => {
  const throws = () => {
    throw new Error('name');
  };
  expect(routeName(Object.defineProperty(() => 0, 'name', { get: throws }))).toBe('(anonymous)');
});

describe('routes', () => {
  const [exact, long, short, rest] = [fake('exact'), fake('long'), fake('short'), fake('rest')];
  const router = new Router({ '*': rest, 'hash/*': short, 'hash/sha*': long, 'hash/sha256': exact });

  it.each([
    ['hash/sha256', 'exact'],
    ['hash/sha512', 'long'],
    ['hash/sha', 'long'],
    ['hash/md5', 'short'],
    ['hash/', 'short'],
    ['hash', 'rest'],
    ['hasher/sha256', 'rest'],
  ])('exact before the longest prefix, in any order: %s goes to %s', async (name, to) => {
    for (let i = 0; i < 2; i++) expect(await router.submit(named(name))).toBe(to);
  });

  it('an exact route named like a property of every object is none', async () => {
    const narrow = new Router({ 'hash/*': short });
    await expect(narrow.submit(named('toString'))).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' });
  });

  it('no route: a rejection that names task and routes, not NoWorkerError', async () => {
    const narrow = new Router({ 'hash/*': short, b: long });
    await expect(narrow.submit(named('a'))).rejects.toMatchObject({
      code: 'ERR_NO_ROUTE',
      taskName: 'a',
      message: "no route matches task 'a'; routes are: hash/*, b",
    });
    expect(() => narrow.map([], named('a'))).toThrow(expect.objectContaining({ code: 'ERR_NO_ROUTE' }));
    expect(() => narrow.stream(named('a') as never)).toThrow(
      expect.objectContaining({ code: 'ERR_NO_ROUTE' }),
    );
    expect(() => narrow.route(named('a'))).toThrow(expect.objectContaining({ code: 'ERR_NO_ROUTE' }));
  });

  it('passes everything on as it is', async () => {
    const target = fake('target');
    const all = new Router({ '*': target });
    const add = (a: number, b: number) => a + b;
    const options = { priority: 1 };
    await all.submit(add, [1, 2], options);
    for await (const value of all.map([1], (n: number) => n, { ordered: false }))
      expect(value).toBe('target');
    for await (const value of all.stream(
      function* count(n: number) {
        yield n;
      },
      [3],
    ))
      expect(value).toBe('target');
    expect(target.calls[0]).toEqual([add, [1, 2], options]);
    expect(target.calls[0]![1]).toHaveLength(2);
    expect(target.calls[1]).toMatchObject([[1], expect.any(Function), { ordered: false }]);
    expect(target.calls[2]).toMatchObject([expect.any(Function), [3], undefined]);
    expect(all.stats()).toEqual({ '*': { name: 'target' } });
  });

  it('closes each Balancer once, all of them even if one fails, and then says so', async () => {
    const [a, b] = [fake('a'), fake('b')];
    a.close.mockRejectedValueOnce(new Error('a fails'));
    await expect(new Router({ x: a, y: b, '*': b }).close({ timeout: 5 })).rejects.toThrow('a fails');
    expect(a.close.mock.calls).toEqual([[{ timeout: 5 }]]);
    expect(b.close.mock.calls).toEqual([[{ timeout: 5 }]]);
    {
      await using disposed = new Router({ '*': b });
      expect(disposed.route(named('x'))).toBe(b);
    }
    expect(b.close).toHaveBeenCalledTimes(2);
  });

  it('a Router may lead to a Router', async () => {
    expect(await new Router<Submitter>({ '*': router }).submit(named('hash/md5'))).toBe('short');
  });

  it.each([
    [{}, 'no routes'],
    [null, 'null'],
    [[fake('a')], 'an array'],
    ['*', "'*'"],
    [fake('a'), 'an object with '],
    [{ 'a*b': fake('a') }, "the pattern 'a*b'"],
    [{ '**': fake('a') }, "the pattern '**'"],
    [{ '': fake('a') }, "the pattern ''"],
    [{ '*': undefined }, 'undefined'],
    [{ '*': { submit: 1 } }, 'an object with submit'],
    [{ '*': Object.create(null) }, 'an empty object'],
  ])('%o is refused', (routes, given) => {
    expect(() => new Router(routes as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining(`got ${given}`),
      }),
    );
  });
});

describe('with Balancers', () => {
  it('runs tasks where they are routed to, typed as there', async () => {
    const [one, two] = [new Balancer({ workers: 1 }), new Balancer({ workers: 1 })];
    await using router = new Router({ add: one, '*': two });
    const add = (a: number, b: number) => a + b;
    const sum = router.submit(add, [1, 2]);
    expectTypeOf(sum).toEqualTypeOf<Promise<number>>();
    // @ts-expect-error an argument is missing
    router.submit(add, [1]).catch(() => {});
    expect(await sum).toBe(3);
    expect(await router.submit(() => 'other')).toBe('other');
    const stats = router.stats();
    expect([stats.add?.completed, stats['*']?.completed]).toEqual([one.stats().completed, 1]);
    await expect(router.submit(7 as never)).rejects.toMatchObject({ code: 'ERR_NOT_A_FUNCTION' });
  });

  it('broadcasts to all Balancers, each of them once, and says by which route', async () => {
    const [one, two] = [new Balancer({ workers: 1 }), new Balancer({ workers: 2 })];
    await using router = new Router<Submitter>({
      'sum*': one,
      '*': new Router({ 'a*': one, b: two, '*': two }),
    });
    const set = (key: string, value: number) => Object.assign(globalThis, { [key]: value })[key];
    const read = (key: string) => (globalThis as Record<string, unknown>)[key];
    const outcomes = await router.broadcast(set, ['level', 3], { name: 'level' });
    expect(outcomes.map(({ route, slot, status }) => [route, slot, status])).toEqual([
      ['sum*', 0, 'fulfilled'],
      ['* > a*', 0, 'fulfilled'],
      ['* > b', 0, 'fulfilled'],
      ['* > b', 1, 'fulfilled'],
    ]);
    await Promise.all([one.reload(), two.reload()]);
    for (const balancer of [one, two]) expect(await balancer.submit(read, ['level'])).toBe(3);
  });

  it('a broadcast that one Balancer refuses runs on the others', async () => {
    const [closed, open] = [new Balancer({ workers: 1 }), new Balancer({ workers: 1 })];
    await closed.close();
    await using router = new Router({ closed, '*': open });
    const set = () => Object.assign(globalThis, { isSet: true }).isSet;
    await expect(router.broadcast(set)).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    expect(await open.submit(() => 'isSet' in globalThis)).toBe(true);
    await expect(router.broadcast(7 as never)).rejects.toMatchObject({ code: 'ERR_NOT_A_FUNCTION' });
  });

  it('does not broadcast to some of its targets where others cannot', async () => {
    const balancer = new Balancer({ workers: 1 });
    await using router = new Router<Submitter>({ 'far/*': fake('far'), '*': balancer });
    await expect(router.broadcast(() => Object.assign(globalThis, { isSet: true }))).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining("the route 'far/*', whose target has no broadcast"),
    });
    expect(await balancer.submit(() => 'isSet' in globalThis)).toBe(false);
  });
});
