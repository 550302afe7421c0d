// Jest as it is: CommonJS, and each file in a realm of its own.

const { Balancer, BalancerError, InvalidOptionError, QueueFullError, Router, tasks } = require('leastwork');
const valuesOf = require('./values.js');

const { echo, check, numbers, refuse } = tasks(require.resolve('./tasks.js'));

let balancer;
beforeAll(() => {
  balancer = new Balancer({ workers: 1 });
});
afterAll(() => balancer.close());

const names = Object.keys(valuesOf());

test.each(names)('%s comes back as it was', async (name) => {
  const value = valuesOf()[name];
  expect(await balancer.submit(echo, [value])).toStrictEqual(valuesOf()[name]);
  expect(await balancer.submit((given) => given, [value])).toStrictEqual(valuesOf()[name]);
});

test.each(names.filter((name) => !/Error/.test(name)))('%s arrives as it was', async (name) => {
  expect(await balancer.submit(check, [name, valuesOf()[name]])).toBe(true);
});

test.each(['auto', 1])('items and outcomes of map, batch: %s', async (batch) => {
  const items = Object.values(valuesOf());
  const results = [];
  for await (const result of balancer.map(items, echo, { batch })) results.push(result);
  expect(results).toStrictEqual(items);
  const outcomes = [];
  for await (const outcome of balancer.mapSettled(items.slice(0, 3), echo, { batch })) outcomes.push(outcome);
  expect(outcomes).toStrictEqual(
    items.slice(0, 3).map((item, index) => ({ status: 'fulfilled', index, item, value: item })),
  );
});

test('values of a stream', async () => {
  const values = [];
  for await (const value of balancer.stream(numbers, [100])) values.push(value);
  expect(values).toStrictEqual(Array.from({ length: 100 }, (_, i) => ({ i, list: [i] })));
});

test('progress', async () => {
  const progress = [];
  const task = async (value) => (await import('leastwork/task')).context.progress(value);
  await balancer.submit(task, [{ done: [1, 'x'.repeat(10_000)] }], {
    onProgress: (value) => progress.push(value),
  });
  expect(progress).toStrictEqual([{ done: [1, 'x'.repeat(10_000)] }]);
});

test('errors', async () => {
  await expect(balancer.submit(refuse, ['error'])).rejects.toThrow(RangeError);
  const error = await balancer.submit(refuse, ['error']).catch((reason) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(error.details).toStrictEqual({ list: [1, 2], large: 'x'.repeat(10_000) });
  await expect(balancer.submit(refuse, ['object'])).rejects.toStrictEqual({
    refused: ['a', { b: 1 }],
    large: 'x'.repeat(10_000),
  });
  await expect(balancer.submit(echo, [], { timeout: -1 })).rejects.toThrow(InvalidOptionError);
  await expect(balancer.submit(echo, [() => 1])).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  expect(Object.getPrototypeOf(QueueFullError)).toBe(BalancerError);
});

test('signals', async () => {
  const control = new AbortController();
  const begun = new Promise((resolve) => {
    control.begun = resolve;
  });
  const task = async (signal) => {
    const { context } = await import('leastwork/task');
    context.progress('begun');
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));
  };
  const aborted = balancer.submit(task, [control.signal], { onProgress: control.begun });
  await begun;
  control.abort({ list: [1] });
  expect(await aborted).toStrictEqual({ list: [1] });
  const reason = { why: 'enough' };
  const late = new AbortController();
  const endless = balancer.submit(() => new Promise(() => {}), [], { signal: late.signal });
  late.abort(reason);
  await expect(endless).rejects.toBe(reason);
});

test('what is told about the Balancer', async () => {
  expect(balancer.stats().workers).toStrictEqual(expect.any(Array));
  const router = new Router({ '*': new Balancer({ workers: 1 }) });
  expect(await router.submit((a, b) => a + b, [1, 2])).toBe(3);
  await router.close();
});

test('fake timers', async () => {
  jest.useFakeTimers();
  try {
    expect(await balancer.submit((n) => n + 1, [1], { timeout: 30_000 })).toBe(2);
  } finally {
    jest.useRealTimers();
  }
});
