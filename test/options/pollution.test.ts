import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Router } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../dist/src/balancer-options.js';
import { batchSettings } from '../../dist/src/batch/options.js';
import { resolveCloseOptions } from '../../dist/src/options/close.js';
import { outlierConfig } from '../../dist/src/options/outlier.js';
import { resolveAddOptions, resolveMapOptions, resolveSubmitOptions } from '../../dist/src/options/submit.js';
import { createPolicy } from '../../dist/src/policies/index.js';
import { everything, fileIn, HEALTHY } from '../balancer/everything.js';

/** Calls with a polluted `Object.prototype`. */
function polluted<T>(properties: Record<string, unknown>, call: () => T): T {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(Object.prototype, name, { value, configurable: true });
  }
  try {
    return call();
  } finally {
    for (const name of Object.keys(properties)) Reflect.deleteProperty(Object.prototype, name);
  }
}

/** Calls with getters of `Object.prototype` that throw. */
function trapped<T>(names: readonly string[], call: () => T): T {
  const get = (): never => {
    throw new Error('a getter of Object.prototype was called');
  };
  const trap = { get, set: undefined, enumerable: false, configurable: true };
  for (const name of names) Object.defineProperty(Object.prototype, name, trap);
  try {
    return call();
  } finally {
    for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  }
}

/** Of each option a value that it takes, and that is not its default. */
const OF_BALANCER = {
  workers: 7,
  policy: 'random',
  window: 3,
  windowBytes: 5,
  maxQueue: 5,
  timeout: 5,
  queueTimeout: 5,
  retries: 5,
  grace: 5,
  inline: false,
  preload: ['node:os'],
  traceSubmit: true,
  maxRequestsPerWorker: 5,
  maxHeapPerWorker: 5,
  whenEmpty: 'fail',
  growAfter: 5,
  idleTimeout: 5,
  heartbeat: 5,
  outlierDetection: {},
  check: () => 1,
  resourceLimits: { stackSizeMb: 1 },
  env: { EVIL: '1' },
  argv: ['--evil'],
  execArgv: ['--evil'],
  niceIncrement: 5,
  entry: 'file:///evil.js',
};

describe('properties of Object.prototype are no options', () => {
  it.each(Object.entries(OF_BALANCER))('new Balancer: %s', (name, value) => {
    const usual = resolveOptions({});
    expect(polluted({ [name]: value }, () => resolveOptions({}))).toEqual(usual);
  });

  it('nor of the objects inside options', () => {
    const options = {
      workers: { min: 1, max: 2 },
      heartbeat: { silence: 5 },
      outlierDetection: { successRate: {} },
      resourceLimits: { stackSizeMb: 4 },
      env: { A: 'a' },
    };
    const usual = resolveOptions(options);
    const pollution = {
      ...{ whileRunning: true, interval: 1, stdevFactor: 1, threshold: 1, failurePercentage: false },
      ...{ maxOldGenerationSizeMb: 1, EVIL: '1' },
    };
    expect(polluted(pollution, () => resolveOptions(options))).toEqual(usual);
    expect(polluted({ interval: 1 }, () => outlierConfig({}))).toEqual(outlierConfig({}));
  });

  it('submit, map, add, close', () => {
    const pollution = {
      ...{ signal: AbortSignal.abort(), timeout: 5, queueTimeout: 5, priority: 5, key: 'evil', retries: 5 },
      ...{
        context: 'evil',
        onProgress: () => {},
        transfer: [{}],
        ordered: false,
        submit: { key: 'evil' },
        weight: 5,
      },
    };
    const resolved = () => [
      resolveSubmitOptions({}),
      resolveMapOptions({}),
      resolveMapOptions({ submit: {} }),
      resolveAddOptions({}),
      resolveCloseOptions({}),
    ];
    const usual = resolved();
    expect(polluted(pollution, resolved)).toEqual(usual);
  });

  it('a batch', () => {
    const pollution = {
      ...{ output: 'evil', errors: 'evil', journal: 'evil', resume: true, force: true, format: 'ndjson' },
      ...{ retry: { attempts: 5 }, attempts: 5, halt: { when: 'now', fail: 1 }, timeout: 5, concurrency: 5 },
      ...{ signal: AbortSignal.abort(), onStart: () => {}, base: 'file:///evil.js', tag: true },
    };
    const task = (line: string) => line;
    const resolved = () => batchSettings({ input: '-', task, retry: { attempts: 1 } });
    const usual = resolved();
    expect(polluted(pollution, resolved)).toEqual(usual);
    expect(polluted({ retry: 'evil' }, () => batchSettings({ input: '-', task }))).toEqual(usual);
    expect(() =>
      polluted({ fail: 1 }, () => batchSettings({ input: '-', task, halt: { when: 'now' } as never })),
    ).toThrow('halt.fail');
  });

  it.each(Object.keys(OF_BALANCER))('new Balancer: a getter that throws, %s', (name) => {
    const usual = resolveOptions({});
    expect(trapped([name], () => resolveOptions({}))).toEqual(usual);
  });

  it('nor are getters called in objects inside options, and of calls', () => {
    const task = (line: string) => line;
    const resolved = () => [
      resolveOptions({
        workers: { min: 1, max: 2 },
        heartbeat: { silence: 5 },
        outlierDetection: { successRate: {} },
        resourceLimits: { stackSizeMb: 4 },
      }),
      resolveSubmitOptions({}),
      resolveMapOptions({ submit: {}, retry: { attempts: 2 } }),
      resolveAddOptions({}),
      resolveCloseOptions({}),
      batchSettings({ input: '-', task, retry: { attempts: 1 } }),
    ];
    const usual = resolved();
    const names = [
      ...['whileRunning', 'interval', 'stdevFactor', 'threshold', 'failurePercentage', 'codeRangeSizeMb'],
      ...['maxOldGenerationSizeMb', 'signal', 'timeout', 'queueTimeout', 'priority', 'key', 'retries'],
      ...['context', 'onProgress', 'transfer', 'ordered', 'batch', 'when', 'delay', 'jitter', 'weight'],
      ...[
        'queued',
        'output',
        'errors',
        'journal',
        'resume',
        'force',
        'halt',
        'concurrency',
        'onStart',
        'tag',
      ],
    ];
    expect(trapped(names, resolved)).toEqual(usual);
  });

  it('nor where a Router looks whether it was given routes', () => {
    const target = { submit: () => {}, close: () => {} } as never;
    expect(trapped(['submit', 'close'], () => new Router({ 'a/*': target }))).toBeInstanceOf(Router);
  });

  it('configs of policies', () => {
    const random: number[] = [];
    const context = { now: () => 0, random: () => random.push(0) && 0 };
    const worker = { id: 1, label: '1', weight: 1, pending: 0, work: 0, available: true };
    polluted({ choiceCount: 9 }, () => {
      const policy = createPolicy([{ 'least-request': {} }], context);
      policy.add(worker);
      policy.select({ key: undefined });
    });
    expect(random).toHaveLength(2);
  });

  it('an option of a class is one, by a getter as well', () => {
    class Options {
      get maxQueue() {
        return 5;
      }
    }
    class Derived extends Options {
      grace = 7;
    }
    expect(polluted({ timeout: 5 }, () => resolveOptions(new Derived()))).toMatchObject({
      maxQueue: 5,
      grace: 7,
      timeout: Number.POSITIVE_INFINITY,
    });
  });
});

describe('a program with a polluted prototype', () => {
  it('hands nothing of it to its threads', async () => {
    const program = fileURLToPath(new URL('../balancer/programs/polluted-threads.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program]);
    const lines = stdout.trim().split('\n');
    expect(lines).toContain('printed in the thread');
    const seen = JSON.parse(lines.find((line) => line.startsWith('{')) as string);
    expect(seen).toEqual({ evil: 'none', argv: 0, execArgv: 0, limit: true });
  });

  it('takes nothing of it for what its own parts or the parser have said', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leastwork-'));
    try {
      const program = fileIn('polluted-parts.mjs');
      const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program, folder]);
      expect(JSON.parse(stdout)).toEqual({
        inline: -1,
        message: 2,
        result: 1,
        error: true,
        items: [1, 1],
        batch: 'A\nB\n',
        trace: true,
        journal: 1,
        failed: expect.not.stringContaining('"stack"'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(['pollute.mjs', 'pollute-before.mjs', 'pollute-later.mjs'])(
    'has a Balancer that works: %s',
    async (program) => {
      const { outcomes, errors } = await everything(['--import', fileIn(program)]);
      expect(outcomes).toEqual(HEALTHY);
      expect(errors).toBe('');
    },
  );
});
