import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readJournal } from '../../dist/src/batch/index.js';
import { commitText, failText, lineOf, TITLE } from '../../dist/src/batch/journal/record.js';
import type { JournalState } from '../../dist/src/batch/journal/state.js';
import { todoRanges } from '../../dist/src/batch/journal/todo.js';
import { scratch } from '../support/scratch.js';

const directory = scratch('many');

/** A journal of a batch whose every second item fails, or every one, all in one commit. */
function journalOf(name: string, count: number, step: number): JournalState {
  const records = [`batch ${JSON.stringify({ task: { name: 'f' }, settings: {}, inputs: [], output: 'o' })}`];
  for (let i = 0; i < count; i += step) {
    records.push(
      failText({ source: 0, from: i * 2, to: i * 2 + 2, line: i + 1, name: 'Error', message: 'no' }),
    );
  }
  const done = [{ source: 0, from: 0, to: count * 2, line: 1, lines: count }];
  records.push(commitText({ done, items: count, failed: count / step, output: 0, errors: 0 }));
  const path = join(directory, name);
  writeFileSync(path, `${TITLE}\n${records.map(lineOf).join('')}`);
  return readJournal(path) as JournalState;
}

test('a commit may have more failed items than a call has arguments', () => {
  expect(journalOf('many', 300_000, 1).failures).toHaveLength(300_000);
});

test('failed items that follow each other are run as one range', () => {
  const state = journalOf('adjacent', 1_000, 1);
  expect(todoRanges(state, true)?.(0)).toEqual([{ source: 0, from: 0, to: 2_000, line: 1 }]);
});

test('what is left of a pass over many failed items is found in one go through them', () => {
  const { failures, ...state } = journalOf('left', 400_000, 2);
  // Every second one of them is done.
  const done = failures
    .filter((_, i) => i % 2 === 0)
    .map(({ source, from, to, line }) => ({ source, from, to, line, lines: 1 }));
  const left = todoRanges({ ...state, failures: [], todo: failures, done }, false)?.(0);
  expect(left).toEqual(
    failures.filter((_, i) => i % 2 === 1).map(({ source, from, to, line }) => ({ source, from, to, line })),
  );
});
