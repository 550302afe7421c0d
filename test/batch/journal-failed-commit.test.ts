/** A commit that fails while the batch ends: nothing after it may be committed, for its lines would be missing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Journal } from '../../dist/src/batch/journal/journal.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('journal-');
type Given = ConstructorParameters<typeof Journal>;

it.each(['complete', 'interrupted'] as const)('the end of a batch (%s) says what has failed', async (how) => {
  const path = join(folder, how);
  let syncs = 0;
  let began = (): void => {};
  const hasBegun = new Promise<void>((resolve) => {
    began = resolve;
  });
  let fail = (_: Error): void => {};
  const output = {
    base: 0,
    writer: { written: 0 },
    sync: () => {
      if (++syncs > 1) return Promise.resolve();
      began();
      return new Promise<void>((_, reject) => {
        fail = reject;
      });
    },
  };
  const failures: unknown[] = [];
  const sinks = { output, errors: undefined } as unknown as Given[2];
  const journal = new Journal(path, undefined, sinks, (error) => failures.push(error));
  journal.begin({} as Parameters<Journal['begin']>[0]);
  const add = (from: number): void => {
    const range = { source: 0, from, to: from + 10, line: from + 1, lines: 10 };
    output.writer.written = from + 10;
    journal.add({ range, items: 10, failed: [], output: from + 10, errors: 0 });
  };
  add(0);
  await hasBegun;
  add(10);
  const ended = journal.end(how);
  fail(new Error('no space'));
  await expect(ended).rejects.toThrow('no space');
  expect(failures).toMatchObject([{ message: 'no space' }]);
  expect(readFileSync(path, 'utf8')).not.toMatch(/^(commit|complete|interrupted)/m);
  await journal.abandon();
});
