import { Balancer, type BalancerOptions, InvalidOptionError, type SubmitOptions } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveOptions } from '../../dist/src/balancer-options.js';

const notNumbers = [null, '1', true, {}, [], () => 1, Symbol('s'), 1n, Number.NaN];
const notIntegers = [...notNumbers, 1.5, Number.NEGATIVE_INFINITY];
const notObjects = [null, 1, 'x', true, () => 1, Symbol('s')];

/** What each option refuses; and, of numbers, what it takes at its ends. */
const table: { [Name in keyof Required<BalancerOptions>]: { refused: unknown[]; taken: unknown[] } } = {
  workers: {
    refused: [...notIntegers.filter((v) => !isRecord(v)), 0, -1, 1025, Infinity],
    taken: [1, 1024, { min: 0, max: 1 }],
  },
  policy: {
    refused: [
      ...[null, 1, '', 'least', [], [{}], [{ unknown: {} }], {}, { name: 'x' }],
      [{ hash: { minRingSize: 2 ** 23 + 1 } }],
    ],
    taken: ['random', [{ no: {} }, { hash: {} }]],
  },
  window: { refused: [...notIntegers, 0, -1, 16_385, Infinity, 'full'], taken: [1, 16_384, 'auto'] },
  windowBytes: { refused: [...notNumbers, 0, -1], taken: [1, 0.5, Infinity] },
  maxQueue: { refused: [...notIntegers, -1], taken: [0, 1, Infinity] },
  timeout: { refused: [...notNumbers, 0, -1, 2 ** 31], taken: [0.1, 2 ** 31 - 1, Infinity] },
  queueTimeout: { refused: [...notNumbers, 0, -1, 2 ** 31], taken: [0.1, 2 ** 31 - 1, Infinity] },
  retries: { refused: [...notIntegers, -1], taken: [0, 5, Infinity] },
  grace: { refused: [...notNumbers, -1, 2 ** 31], taken: [0, 1.5, Infinity] },
  inline: { refused: [null, 0, 1, 'true', {}], taken: [true, false] },
  preload: {
    refused: [null, 'x', {}, 1, [1], [null], [undefined], ['./relative.js']],
    taken: [[], ['node:os', new URL('file:///a.js')]],
  },
  traceSubmit: { refused: [null, 0, 'true'], taken: [true, false] },
  maxRequestsPerWorker: { refused: [...notIntegers, 0, -1], taken: [1, Infinity] },
  maxHeapPerWorker: { refused: [...notNumbers, 0, -1], taken: [0.5, Infinity] },
  teardownTimeout: { refused: [...notNumbers, 0, -1, 2 ** 31], taken: [0.1, 2 ** 31 - 1, Infinity] },
  whenEmpty: { refused: [null, '', 'throw', 1, true], taken: ['wait', 'fail'] },
  growAfter: { refused: [...notNumbers, -1, 2 ** 31], taken: [0, 0.5, Infinity] },
  idleTimeout: { refused: [...notNumbers, 0, -1, 2 ** 31], taken: [0.5, Infinity] },
  heartbeat: {
    refused: [...notNumbers.filter((v) => !isRecord(v)), 0, -1, 2 ** 31],
    taken: [false, 5, Infinity, { silence: 5, whileRunning: true }],
  },
  outlierDetection: {
    refused: [
      null,
      1,
      'x',
      true,
      [],
      { unknown: 1 },
      { successRate: [] },
      { successRate: null },
      { interval: null },
    ],
    taken: [false, {}, { successRate: {}, interval: undefined }],
  },
  name: { refused: [null, 1, '', 'a\nb', 'x'.repeat(65), {}], taken: ['a', 'x'.repeat(64), 'Bäume 3'] },
  metrics: { refused: [null, 0, 'true'], taken: [true, false] },
  output: { refused: [null, 0, 'ignore', {}], taken: ['inherit', 'event'] },
  check: { refused: [null, 1, 'x', {}], taken: [() => 1] },
  // What cannot be cloned is refused as such.
  workerData: { refused: [], taken: [null, 1, 'x', {}] },
  resourceLimits: {
    refused: [
      ...notObjects,
      [],
      { maxOldGenerationSize: 1 },
      { stackSizeMb: '4' },
      { stackSizeMb: 0.2 },
      { codeRangeSizeMb: 5e9 },
      { maxOldGenerationSizeMb: 7.9 },
    ],
    taken: [
      {},
      { maxOldGenerationSizeMb: 8 },
      { maxYoungGenerationSizeMb: 0.01, codeRangeSizeMb: 0.01 },
      { maxOldGenerationSizeMb: 64, stackSizeMb: 0.25 },
      { codeRangeSizeMb: 512 },
    ],
  },
  env: {
    refused: [...notObjects, [], new Map([['A', 'b']]), { A: 1 }, { A: null }, { A: Symbol('s') }],
    taken: [{}, { A: 'b', B: undefined }],
  },
  argv: { refused: [null, 'x', {}, [1], 5], taken: [[], ['a']] },
  execArgv: { refused: [null, 'x', {}, [1], 5], taken: [[], ['--no-warnings']] },
  niceIncrement: {
    refused: [...notIntegers, 41, process.platform === 'win32' ? -41 : -1],
    taken: [0, 19],
  },
  entry: {
    refused: [null, 5, '', 'worker.js', './worker.js', {}],
    taken: ['file:///w.js', new URL('file:///w.js')],
  },
};

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const shown = (value: unknown) =>
  isRecord(value) || Array.isArray(value)
    ? JSON.stringify(value)
    : typeof value === 'bigint'
      ? `${value}n`
      : String(value);

/** The error says which option, what was given, and what is allowed; `code` and `option` are for programs. */
const names = (option: string) =>
  expect.objectContaining({
    name: 'InvalidOptionError',
    code: 'ERR_INVALID_OPTION',
    option: expect.stringMatching(new RegExp(`^${option.replace(/[.[\]()]/g, '\\$&')}([.[].*)?$`)),
    message: expect.stringMatching(/^.+: got .+, expected .+$/s),
  });

const refusal = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return 'nothing was thrown';
};

describe('options of a Balancer', () => {
  const refused = Object.entries(table).flatMap(([name, { refused }]) =>
    refused.map((v) => [name, shown(v), v] as const),
  );
  it.each(refused)('%s: %s is refused', (name, _, value) => {
    expect(refusal(() => new Balancer({ [name]: value }))).toEqual(names(name));
  });

  const taken = Object.entries(table).flatMap(([name, { taken }]) =>
    taken.map((v) => [name, shown(v), v] as const),
  );
  it.each(taken)('%s: %s is taken', (name, _, value) => {
    expect(() => resolveOptions({ [name]: value })).not.toThrow();
  });

  it.each(Object.keys(table))('%s: undefined stands for the default', (name) => {
    // URLs and functions apart, the settings are plain data.
    expect(resolveOptions({ [name]: undefined })).toEqual(resolveOptions({}));
  });

  it('limits of the set name the limit', () => {
    const wrong: [unknown, string][] = [
      [{ min: 1 }, 'workers.max'],
      [{ max: 1 }, 'workers.min'],
      [{ min: -1, max: 1 }, 'workers.min'],
      [{ min: 0, max: 0 }, 'workers.max'],
      [{ min: 3, max: 2 }, 'workers.max'],
      [{ min: 1, max: 1.5 }, 'workers.max'],
      [{ min: 1, max: 2, most: 3 }, 'workers.most'],
      [{}, 'workers.min'],
    ];
    for (const [workers, option] of wrong) {
      expect(refusal(() => new Balancer({ workers: workers as never }))).toMatchObject({ option });
    }
  });

  it('an option that does not exist is named, with those that do', () => {
    expect(refusal(() => new Balancer({ colour: 4 } as never))).toMatchObject({
      option: 'new Balancer(options).colour',
      message: expect.stringMatching(/unknown option, expected.*workers, policy/),
    });
  });

  it.each([
    ['worker', 'workers'],
    ['maxqueue', 'maxQueue'],
    ['polciy', 'policy'],
  ])('%s: what is nearly right is told', (given, meant) => {
    expect(refusal(() => new Balancer({ [given]: 4 } as never))).toMatchObject({
      message: expect.stringContaining(`unknown option (did you mean '${meant}'?)`),
    });
  });

  it('what other pools call otherwise is told', async () => {
    expect(refusal(() => new Balancer({ maxThreads: 4 } as never))).toMatchObject({
      message: expect.stringContaining('unknown option (here that is workers)'),
    });
    await using balancer = new Balancer({ workers: { min: 0, max: 1 } });
    await expect(balancer.submit(() => 1, [], { transferList: [] } as never)).rejects.toThrow(
      'unknown option (here that is transfer)',
    );
    expect(refusal(() => balancer.map([], () => 1, { concurrency: 4 } as never))).toMatchObject({
      message: expect.stringContaining('unknown option (here that is new Balancer({ workers }))'),
    });
  });

  it.each([null, 5, 'x', [], () => 1, new Map([['workers', 1]]), new Date(), Promise.resolve()])(
    '%s instead of the options is refused',
    (options) => {
      expect(refusal(() => new Balancer(options as never))).toEqual(names('new Balancer(options)'));
    },
  );

  it('the process’s own environment is one for threads', () => {
    expect(resolveOptions({ env: process.env }).thread.env).toEqual({ ...process.env });
  });

  it('an object of a class may hold options', () => {
    class Options {
      get maxQueue() {
        return 5;
      }
    }
    expect(resolveOptions(new Options() as never)).toMatchObject({ maxQueue: 5 });
  });

  it('threads get what was checked, whatever becomes of it later', () => {
    const given = {
      argv: ['a'],
      execArgv: ['--no-warnings'],
      env: { A: 'b' } as Record<string, string | undefined>,
      resourceLimits: { stackSizeMb: 4 },
    };
    const { thread } = resolveOptions(given);
    given.argv.push('b');
    given.execArgv.push('--bad');
    given.env.A = undefined;
    given.resourceLimits.stackSizeMb = 0;
    expect(thread).toMatchObject({
      argv: ['a'],
      execArgv: ['--no-warnings'],
      env: { A: 'b' },
      resourceLimits: { stackSizeMb: 4 },
    });
  });

  it('a value that resists being shown is refused like any other', () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
      },
    );
    expect(refusal(() => new Balancer({ timeout: hostile as never }))).toEqual(names('timeout'));
  });

  it('infinite times mean never, and are never shorter than the longest', () => {
    const settings = resolveOptions({
      grace: Infinity,
      growAfter: Infinity,
      idleTimeout: Infinity,
      timeout: Infinity,
    });
    expect(settings).toMatchObject({
      grace: Infinity,
      growAfter: Infinity,
      idleTimeout: Infinity,
      timeout: Infinity,
    });
  });

  it('`grace: Infinity`: the thread of an aborted task is never ended', async () => {
    const balancer = new Balancer({ workers: 1, grace: Infinity });
    const flag = new SharedArrayBuffer(4);
    const control = new AbortController();
    const aborted = balancer.submit(
      (shared) => {
        const words = new Int32Array(shared);
        Atomics.store(words, 0, 1);
        Atomics.notify(words, 0);
        Atomics.wait(words, 0, 1);
      },
      [flag],
      { signal: control.signal },
    );
    const words = new Int32Array(flag);
    while (Atomics.load(words, 0) === 0) await new Promise(setImmediate);
    control.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    // More than one turn of the timers.
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 2));
    const next = balancer.submit(() => 'same thread');
    Atomics.store(words, 0, 2);
    Atomics.notify(words, 0);
    expect(await next).toBe('same thread');
    expect(balancer.stats().workers.map(({ id }) => id)).toEqual([1]);
    await balancer.close();
  });
});

const submitTable: { [Name in keyof Required<SubmitOptions>]: { refused: unknown[]; taken: unknown[] } } = {
  signal: { refused: [null, 1, 'x', {}, new EventTarget()], taken: [new AbortController().signal] },
  timeout: { refused: [...notNumbers, 0, -1, 2 ** 31], taken: [10_000, Infinity] },
  queueTimeout: { refused: [...notNumbers, 0, -1, 2 ** 31], taken: [10_000, Infinity] },
  priority: { refused: [...notNumbers, Infinity, -Infinity], taken: [0, -1, 0.5, 1e300] },
  key: { refused: [null, 1, {}, Symbol('k')], taken: ['', 'user-7'] },
  transfer: { refused: [null, 1, 'x', {}, [1], [null], ['x']], taken: [[]] },
  retries: { refused: [...notIntegers, -1], taken: [0, 3, Infinity] },
  context: { refused: [], taken: [null, 1, { a: [1] }] },
  onProgress: { refused: [null, 1, 'x', {}], taken: [() => {}] },
};

describe('options of a submit', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(async () => {
    // What was refused has left nothing behind.
    expect(balancer.stats()).toMatchObject({ queued: 0, pending: 0 });
    await balancer.close();
  });

  const refused = Object.entries(submitTable).flatMap(([name, { refused }]) =>
    refused.map((v) => [name, shown(v), v] as const),
  );
  it.each(refused)('%s: %s is refused, alone', async (name, _, value) => {
    const before = balancer.submit(() => 'before');
    const wrong = balancer.submit(() => 'never', [], { [name]: value });
    const after = balancer.submit(() => 'after');
    await expect(wrong).rejects.toEqual(names(`submit options.${name}`));
    expect(await Promise.all([before, after])).toEqual(['before', 'after']);
  });

  const taken = Object.entries(submitTable).flatMap(([name, { taken }]) =>
    [...taken, undefined].map((v) => [name, shown(v), v] as const),
  );
  it.each(taken)('%s: %s is taken', async (name, _, value) => {
    expect(await balancer.submit(() => 'done', [], { [name]: value })).toBe('done');
  });

  it.each([null, 5, 'x', [], () => 1, new Map(), new URL('file:///a')])(
    '%s instead of the options is refused',
    async (options) => {
      await expect(balancer.submit(() => 1, [], options as never)).rejects.toEqual(names('submit options'));
      using session = balancer.session();
      const inSession = session.submit(() => 1, [], options as never);
      await expect(inSession).rejects.toEqual(names('submit options'));
    },
  );

  it('a signal in their place is told where it belongs', async () => {
    const { signal } = new AbortController();
    await expect(balancer.submit(() => 1, [], signal as never)).rejects.toMatchObject({
      option: 'submit options',
      message: expect.stringContaining('an object of options, as in { signal }'),
    });
    expect(refusal(() => balancer.map([], () => 1, signal as never))).toEqual(names('map options'));
    await expect(balancer.close(signal as never)).rejects.toEqual(names('close options'));
  });

  it('each is read once: what was checked is what counts', async () => {
    let reads = 0;
    const options = {
      get retries() {
        reads++;
        return reads === 1 ? 1 : -1;
      },
    };
    expect(await balancer.submit(() => 'done', [], options)).toBe('done');
    expect(reads).toBe(1);
  });

  it('a list of transfers may be changed while the request waits', async () => {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const held = balancer.submit((words) => void Atomics.wait(words, 0, 0), [gate]);
    const bytes = new Uint8Array([1, 2, 3]);
    const transfer: ArrayBuffer[] = [bytes.buffer];
    const moved = balancer.submit((given) => given.length, [bytes], { transfer });
    transfer.length = 0;
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await held;
    expect(await moved).toBe(3);
    expect(bytes.length).toBe(0);
  });

  it.each([null, 5, 'x', {}, new Set([1]), () => 1])(
    '%s instead of the arguments is refused',
    async (args) => {
      await expect(balancer.submit((() => 1) as never, args as never)).rejects.toEqual(names('submit args'));
    },
  );

  it('options in the place of the arguments are told where they belong', async () => {
    await expect(balancer.submit(() => 1, { timeout: 5 } as never)).rejects.toMatchObject({
      message: expect.stringMatching(
        /got an object with timeout, expected an array.*, as in submit\(task, \[1, 2\], options\)/,
      ),
    });
  });

  it('an unknown one is named, with those that exist', async () => {
    await expect(balancer.submit(() => 1, [], { deadline: 5 } as never)).rejects.toMatchObject({
      option: 'submit options.deadline',
      message: expect.stringContaining('queueTimeout'),
    });
  });

  it('other methods check theirs, too', async () => {
    const wrong: [() => Promise<unknown>, string][] = [
      [() => balancer.resize(0), 'resize(workers)'],
      [() => balancer.resize('2' as never), 'resize(workers)'],
      [() => balancer.resize(undefined as never), 'resize(workers)'],
      [() => balancer.add({ weight: 0 }), 'add options.weight'],
      [() => balancer.add({ weight: 1_001 }), 'add options.weight'],
      [() => balancer.add({ weight: Number.MAX_VALUE }), 'add options.weight'],
      [() => balancer.add({ weight: Number.NaN }), 'add options.weight'],
      [() => balancer.add(null as never), 'add options'],
      [() => balancer.add({ wait: 1 } as never), 'add options'],
      [() => balancer.close({ timeout: -1 }), 'close options.timeout'],
      [() => balancer.close({ timeout: '5' as never }), 'close options.timeout'],
      [() => balancer.close(null as never), 'close options'],
      [() => balancer.close({ after: 5 } as never), 'close options'],
    ];
    for (const [call, option] of wrong) {
      const error = await call().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect(error).toEqual(names(option));
    }
    expect(await balancer.submit(() => 'still open')).toBe('still open');
  });
});
