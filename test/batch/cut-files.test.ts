import {
  closeSync,
  createReadStream,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Balancer } from 'leastwork';
import { BatchError, type BatchOptions, readJournal, runBatch } from 'leastwork/batch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SharedFile } from '../../dist/src/batch/input/shared-file.js';
import { scratch } from '../support/scratch.js';

const folder = scratch();
const path = (name: string) => join(folder, name);
let balancer: Balancer;
beforeAll(() => {
  balancer = new Balancer({ workers: 2 });
});
afterAll(() => balancer.close());

const run = (options: Omit<BatchOptions, 'output'>) =>
  runBatch(balancer, { output: path('out'), ...options });
const output = () => readFileSync(path('out'), 'utf8');

/** More than 16 MB: enough for its threads to read it. */
const LINES = Array.from({ length: 280_000 }, (_, n) => `${n} ${'é'.repeat((n * 7) % 60)}`);

describe.each([
  ['lines', LINES.join('\n')],
  ['the last one with its end', `${LINES.join('\n')}\n`],
  ['CRLF', LINES.join('\r\n')],
  ['a byte order mark', `\uFEFF${LINES.join('\n')}`],
  ['blank ones, and a blank end', `\n\n${LINES.join('\n\n\n')}\n\n\n`],
  ['one longer than many parts', [...LINES, 'x'.repeat(5_000_000), ...LINES].join('\n')],
  ['long ones only', Array.from({ length: 90 }, (_, n) => `${n}`.repeat(150_000)).join('\n')],
  ['one without end', 'é'.repeat(9_000_000)],
  ['bytes that are not UTF-8', Buffer.from(`${LINES.join('\n')}\n\xff\xfe`, 'latin1')],
])('a file that its threads read: %s', (name, text) => {
  const file = path(`in-${name.length}`);

  it('gives what the same bytes give as a stream', async () => {
    writeFileSync(file, text);
    const task = (line: string) => `${line.length} ${line.slice(0, 100)}`;
    const streamed = await run({ input: createReadStream(file), task });
    const expected = output();
    const report = await run({ input: file, task });
    expect(output() === expected).toBe(true);
    expect(report).toMatchObject({ items: streamed.items, bytes: streamed.bytes, outcome: 'complete' });
    await run({ input: file, task, ordered: false });
    expect(output().split('\n').sort().join() === expected.split('\n').sort().join()).toBe(true);
  });
});

it('records of CSV end where their quotes say', async () => {
  const fields = LINES.map((line, n) => (n % 3 === 0 ? `"${line}\n\nmore"` : line));
  writeFileSync(path('csv'), `n,text\n${fields.map((field, n) => `${n},${field}`).join('\n')}\n`);
  const task = ({ n, text }: { n: string; text: string }) => `${n} ${text.length}`;
  const report = await run({ input: path('csv'), format: 'csv', task });
  const wanted = LINES.map((line, n) => `${n} ${line.length + (n % 3 === 0 ? 6 : 0)}\n`);
  expect(output()).toBe(wanted.join(''));
  expect(report).toMatchObject({ items: LINES.length, failed: 0 });
});

it('JSON lines, blank ones among them', async () => {
  const blank = (n: number) => (n % 5 === 0 ? '\n \n' : '\n');
  writeFileSync(path('ndjson'), LINES.map((text, n) => `${JSON.stringify({ n, text })}${blank(n)}`).join(''));
  const task = ({ n, text }: { n: number; text: string }) => `${n} ${text.length}`;
  const report = await run({ input: path('ndjson'), format: 'ndjson', task });
  expect(output()).toBe(LINES.map((line, n) => `${n} ${line.length}\n`).join(''));
  expect(report).toMatchObject({ items: LINES.length, failed: 0 });
});

it('lines that end with NUL', async () => {
  writeFileSync(path('nul'), LINES.join('\0'));
  await run({ input: path('nul'), separator: '\0', task: (line: string) => line });
  expect(output()).toBe(`${LINES.join('\n')}\n`);
});

it.each([true, false])('a failed line has its number and its bytes (in order: %s)', async (ordered) => {
  writeFileSync(path('in'), LINES.join('\n'));
  const report = await run({
    input: path('in'),
    errors: path('errors'),
    journal: path(`journal-${ordered}`),
    ordered,
    task: (line: string) => {
      if (line.startsWith('77')) throw new Error('no');
    },
  });
  const failed = readFileSync(path('errors'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  failed.sort((a, b) => a.line - b.line);
  const wanted = LINES.flatMap((item, n) => (item.startsWith('77') ? [{ item, line: n + 1 }] : []));
  expect(failed).toMatchObject(wanted);
  const bytes = readFileSync(path('in'));
  for (const { offset, item } of failed) {
    expect(bytes.toString('utf8', offset, offset + Buffer.byteLength(item))).toBe(item);
  }
  expect(report).toMatchObject({ items: LINES.length, failed: wanted.length });
  expect(await readJournal(path(`journal-${ordered}`))).toMatchObject({ failed: wanted.length });
});

it('a file that becomes shorter meanwhile ends the batch, and is named', async () => {
  writeFileSync(path('shrinks'), `${LINES.join('\n')}\n`);
  const ran = run({
    input: path('shrinks'),
    task: (line: string) => {
      const end = performance.now() + 0.005;
      while (performance.now() < end);
      return line;
    },
    // Some parts have been run then, others cut but not begun.
    onStart({ progress }) {
      const timer = setInterval(() => {
        if (progress.items === 0) return;
        clearInterval(timer);
        truncateSync(path('shrinks'), 0);
      }, 1);
    },
  });
  const error = await ran.catch((error) => error);
  expect(error).toBeInstanceOf(BatchError);
  expect(error.message).toMatch(/shrinks: has become shorter while it was read/);
});

it('a line longer than a string can be is refused with its place', async () => {
  writeFileSync(path('sparse'), `${LINES.join('\n')}\n`);
  const start = readFileSync(path('sparse')).length;
  truncateSync(path('sparse'), 700 * 1024 * 1024);
  await expect(run({ input: path('sparse'), task: (line: string) => line.length })).rejects.toThrow(
    `sparse: the line that begins at byte ${start} is longer than 512 MB`,
  );
});

describe('its descriptor is closed', () => {
  const open = () => readdirSync('/proc/self/fd').length;
  const madeFile = () => {
    writeFileSync(path('in'), LINES.join('\n'));
    return open();
  };
  const comesDownTo = (count: number) => expect.poll(open).toBeLessThanOrEqual(count);

  it('after the batch', async () => {
    const count = madeFile();
    await run({ input: [path('in'), path('in'), path('in')], task: (line: string) => line });
    await comesDownTo(count);
  });

  it.each(['now', 'soon'] as const)('after a batch that halts %s', async (when) => {
    const count = madeFile();
    const task = () => {
      throw new Error('no');
    };
    const report = await run({ input: path('in'), task, halt: { when, fail: 1 } });
    expect(report.outcome).toBe('halted');
    await comesDownTo(count);
  });

  it('once, also if somebody holds it again afterwards', async () => {
    const isOpen = (descriptor: number) => {
      try {
        return fstatSync(descriptor).isFile();
      } catch {
        return false;
      }
    };
    madeFile();
    const descriptor = openSync(path('in'), 'r');
    const file = new SharedFile(descriptor, 'in');
    file.release();
    await expect.poll(() => isOpen(descriptor)).toBe(false);
    await expect(file.read(Buffer.alloc(1), 0)).rejects.toThrow('in: the batch has ended while it was read');
    const others: number[] = [];
    while (!others.includes(descriptor) && others.length < 100) others.push(openSync(path('in'), 'r'));
    expect(others).toContain(descriptor);
    file.hold().release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isOpen(descriptor)).toBe(true);
    for (const other of others) closeSync(other);
  });

  it('after batches that are interrupted at any moment', async () => {
    const count = madeFile();
    for (let ms = 0; ms < 40; ms += 2) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), ms);
      const input = [path('in'), path('in'), path('in')];
      await run({ input, signal: controller.signal, task: (line: string) => line });
    }
    await comesDownTo(count);
  });

  it('after a batch that is interrupted', async () => {
    const count = madeFile();
    const { signal } = interruptedSoon();
    const report = await run({
      input: path('in'),
      signal,
      task: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5),
    });
    expect(report.outcome).toBe('interrupted');
    await comesDownTo(count);
  });
});

function interruptedSoon() {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 100);
  return controller;
}
