import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Balancer, InvalidOptionError, TaskNotFoundError, tasks } from 'leastwork';
import { BatchError, BatchFileError, type BatchOptions, readJournal, runBatch } from 'leastwork/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.js';

const directory = mkdtempSync(join(tmpdir(), 'leastwork-batch-'));
const path = (name: string) => join(directory, name);
const read = (name: string) => readFileSync(path(name), 'utf8');
const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');

let balancer: Balancer;
beforeAll(() => {
  balancer = new Balancer({ workers: 2 });
});
afterAll(async () => {
  await balancer.close();
  rmSync(directory, { recursive: true, force: true });
});

const run = (options: Omit<BatchOptions, 'output'> & { output?: string }) =>
  runBatch(balancer, { output: path('out'), ...options });

test('a stream of bytes, cut anywhere, into a file, with a report', async () => {
  const bytes = Buffer.from('é1\né2\r\né3');
  const pieces = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
  const report = await run({
    input: Readable.from(pieces, { objectMode: false }),
    task: (line: string) => line.length,
  });
  expect(read('out')).toBe('2\n2\n2\n');
  expect(report).toMatchObject({
    outcome: 'complete',
    items: 3,
    failed: 0,
    retried: 0,
    bytes: 12,
    outputBytes: 6,
  });
  expect(report.shares.reduce((sum, { items }) => sum + items, 0)).toBe(3);
});

test('a function of a module', async () => {
  writeFileSync(path('task.mjs'), 'export const twice = (line) => line + line;\n');
  writeFileSync(path('in'), 'a\nb\n');
  const { twice } = tasks<{ twice(line: string): string }>(pathToFileURL(path('task.mjs')));
  await run({ input: [path('in'), path('in')], task: twice });
  expect(read('out')).toBe('aa\nbb\naa\nbb\n');
});

test('what no thread has begun when the signal aborts is handed back, and is nobody’s share', async () => {
  const module = 'export const never = 1; await new Promise(() => setInterval(() => {}, 1e3));\n';
  writeFileSync(path('never.mjs'), module);
  const { never } = tasks<{ never(line: string): string }>(pathToFileURL(path('never.mjs')));
  await using own = new Balancer({ workers: 1 });
  const controller = new AbortController();
  const input = path('in');
  writeFileSync(input, lines(10));
  const report = runBatch(own, { input, output: path('out'), task: never, signal: controller.signal });
  // The function, and a chunk.
  await until(() => own.stats().submitted === 2);
  controller.abort();
  expect(await report).toMatchObject({ outcome: 'interrupted', items: 0, shares: [] });
  await own.close({ timeout: 0 });
});

test('all items run once, whatever they take and however they fail', async () => {
  writeFileSync(path('in'), lines(3_000));
  const report = await run({
    input: path('in'),
    errors: path('err'),
    retry: { attempts: 2, delay: 1 },
    task: async (line: string) => {
      const n = Number(line);
      if (n % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
      if (n % 700 === 0) process.exit(1);
      if (n % 100 === 7) throw new Error('seven');
      return n % 2 === 0 ? line : undefined;
    },
  });
  const expected = lines(3_000)
    .split('\n')
    .filter((line) => line !== '' && Number(line) % 2 === 0 && Number(line) % 700 !== 0);
  expect(read('out').trim().split('\n')).toEqual(expected);
  expect(report).toMatchObject({ items: 3_000, failed: 34, retried: 34 });
  const failed = read('err')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(failed.length).toBe(34);
  expect(failed.every(({ line, item }) => String(line) === item)).toBe(true);
});

test('items of one file are run again while another file is opened', async () => {
  const input = Array.from({ length: 400 }, (_, n) => path(`many-${n}`));
  for (const [n, file] of input.entries()) writeFileSync(file, 'a\n'.repeat(n % 40));
  const count = input.reduce((sum, _, n) => sum + (n % 40), 0);
  const task = (line: string) => {
    if (Math.random() < 0.3) throw new Error('for now');
    return line;
  };
  const report = await run({ input, task, retry: { attempts: 50, delay: 0 } });
  expect(report).toMatchObject({ items: count, failed: 0 });
  expect(read('out')).toBe('a\n'.repeat(count));
});

test('an item that needs more memory than its thread may have fails alone', async () => {
  writeFileSync(path('in'), lines(200));
  await using small = new Balancer({ workers: 2, resourceLimits: { maxOldGenerationSizeMb: 30 } });
  const report = await runBatch(small, {
    input: path('in'),
    output: path('out'),
    errors: path('err'),
    task: (line: string) => {
      const kept: unknown[] = [];
      // Small objects: of large ones Node 24 and 26 do not end the thread alone.
      while (line === '77') kept.push({ line, at: kept.length });
      return line;
    },
  });
  expect(report).toMatchObject({ items: 200, failed: 1 });
  expect(read('out')).toBe(lines(200).replace('77\n', ''));
  expect(JSON.parse(read('err'))).toMatchObject({ line: 77, item: '77', name: 'WorkerCrashedError' });
});

test('progress can be looked at, and a signal ends it in good order', async () => {
  writeFileSync(path('in'), lines(100_000));
  const controller = new AbortController();
  let total: number | undefined;
  const report = await run({
    input: path('in'),
    journal: path('signal.journal'),
    signal: controller.signal,
    task: (line: string) => line,
    onStart({ progress }) {
      total = progress.totalBytes;
      const look = () => (progress.items > 0 ? controller.abort() : setImmediate(look));
      look();
    },
  });
  expect(total).toBe(588_895);
  expect(report.outcome).toBe('interrupted');
  expect(lines(100_000).startsWith(read('out'))).toBe(true);
  expect(readJournal(path('signal.journal'))).toMatchObject({
    end: 'interrupted',
    output: read('out').length,
  });
  const rest = await run({
    input: path('in'),
    journal: path('signal.journal'),
    resume: true,
    task: (line: string) => line,
  });
  expect(rest.outcome).toBe('complete');
  expect(rest.items + rest.before.items).toBe(100_000);
  expect(read('out')).toBe(lines(100_000));
});

describe('what it throws', () => {
  const task = (line: string) => line;

  test.each([
    [{ input: '', task }, 'batch options.input'],
    [{ input: [], task }, 'batch options.input'],
    [{ input: 'in', task: 'text' }, 'batch options.task'],
    [{ input: 'in', task, outptu: 'x' }, "did you mean 'output'"],
    [{ input: 'in', task, journal: 'j', output: 1 }, 'a path, since there is a journal'],
    [{ input: 'in', task, format: 'json' }, 'batch options.format'],
    [{ input: 'in', task, resume: true }, 'batch options.journal'],
    [{ input: 'in', task, halt: { when: 'now', fail: 1.5 } }, 'batch options.halt.fail'],
    [{ input: 'in', task, retry: { attempts: 1, jitter: 2 } }, 'batch options.retry.jitter'],
    [{ input: 'in', task, retry: { attempts: 0 } }, 'batch options.retry.attempts'],
    [{ input: 'in', task, timeout: 0 }, 'batch options.timeout'],
  ])('%j: InvalidOptionError', async (options, message) => {
    const error = await runBatch(balancer, options as unknown as BatchOptions).catch((error) => error);
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error.message).toContain(message);
  });

  test('a file that is not there: BatchFileError, and no output', async () => {
    const error = await run({ input: path('missing'), output: path('none'), task }).catch((error) => error);
    expect(error).toBeInstanceOf(BatchFileError);
    expect(error).toBeInstanceOf(BatchError);
    expect(error).toMatchObject({ path: path('missing'), code: 'ENOENT' });
    expect(() => read('none')).toThrow();
  });

  test('a stream that fails in the middle', async () => {
    async function* pieces() {
      yield Buffer.from('a\n');
      throw new Error('torn');
    }
    await expect(run({ input: Readable.from(pieces()), task })).rejects.toThrow('torn');
  });

  test('a module that does not load, whether or not there are items', async () => {
    writeFileSync(path('empty'), '');
    writeFileSync(path('in'), 'a\n');
    const { f } = tasks<{ f(line: string): string }>(pathToFileURL(path('absent.mjs')));
    await expect(run({ input: path('empty'), task: f })).rejects.toThrow(TaskNotFoundError);
    await expect(run({ input: path('in'), task: f })).rejects.toThrow(TaskNotFoundError);
  });
});
