import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRecords } from '../../../dist/src/cli/files/records.js';
import { scratch } from '../../support/scratch.js';

const file = join(scratch(), 'records');

async function read(text: string, separator: '\n' | '\0' = '\n', limit = 1_000): Promise<string[]> {
  writeFileSync(file, text, 'latin1');
  const records = [];
  for await (const group of readRecords(file, separator, limit)) records.push(...group);
  return records;
}

it.each([
  ['', []],
  ['\n', ['']],
  ['a', ['a']],
  ['a\n', ['a']],
  ['a\n\nb\0\xff', ['a', '', 'b\0\xff']],
])('%j is cut at newlines', async (text, records) => {
  expect(await read(text)).toEqual(records);
});

it('is cut at NULs where those separate', async () => {
  expect(await read('a\nb\0c\0', '\0')).toEqual(['a\nb', 'c']);
});

it('records that lie across the borders of what is read at once stay whole', async () => {
  const records = Array.from({ length: 3_000 }, (_, index) => 'x'.repeat(index % 211));
  expect(await read(`${records.join('\n')}\n`)).toEqual(records);
});

it('of a record that is too long the beginning is kept, and one byte more than the limit', async () => {
  const long = `b${'x'.repeat(1_000_000)}`;
  expect(await read(`a\n${long}\nc\n${'y'.repeat(10)}\n${long}`, '\n', 10)).toEqual([
    'a',
    long.slice(0, 11),
    'c',
    'y'.repeat(10),
    long.slice(0, 11),
  ]);
});

it('come in groups: a list of a million empty lines is awaited a few times', async () => {
  writeFileSync(file, '\n'.repeat(1_000_000));
  const groups = [];
  for await (const group of readRecords(file, '\n', 1_000)) groups.push(group.length);
  expect(groups.reduce((sum, length) => sum + length, 0)).toBe(1_000_000);
  expect(groups.length).toBeLessThan(100);
});
