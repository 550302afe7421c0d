/** `--csv`: a bad record is one bad record. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('csv');

/** The results as JSON, and the failed items. */
function run(csv: string) {
  writeFileSync(join(directory, 'in.csv'), csv);
  const args = ['map', '--quiet', '--csv', '-e', 'r => r', 'in.csv', '--errors', 'err'];
  const { code, stdout, stderr } = leastwork(args, { cwd: directory });
  const lines = (text: string) => text.split('\n').slice(0, -1);
  const failed =
    code === 2 ? [] : lines(readFileSync(join(directory, 'err'), 'utf8')).map((line) => JSON.parse(line));
  return { code, stderr, items: lines(stdout).map((line) => JSON.parse(line)), failed };
}

test('a quote within a field is an error of its record, and of no other one', () => {
  const records = Array.from({ length: 100 }, (_, i) => (i % 50 === 20 ? `${i},5" pipe\n` : `${i},x\n`));
  const { code, items, failed } = run(`id,name\n${records.join('')}`);
  expect(code).toBe(1);
  expect(items).toHaveLength(98);
  expect(failed).toMatchObject([
    { line: 22, item: '20,5" pipe' },
    { line: 72, item: '70,5" pipe' },
  ]);
});

test('so is what follows a quoted field', () => {
  const { items, failed } = run('a,b\n1,"x" y\n2,"x"" y"\n3,z\n');
  expect(items).toEqual([
    { a: '2', b: 'x" y' },
    { a: '3', b: 'z' },
  ]);
  expect(failed).toMatchObject([{ line: 2, item: '1,"x" y' }]);
});

test('messages name no line but that of the file', () => {
  const { failed } = run('a,b\n1\n');
  expect(failed).toMatchObject([{ line: 2, message: 'Invalid Record Length: columns length is 2, got 1' }]);
});

test('line ends may be mixed, and a CR in a field is a part of it', () => {
  expect(run('a,b\n1,2\n3,4\r\n5,6\n').items).toEqual([
    { a: '1', b: '2' },
    { a: '3', b: '4' },
    { a: '5', b: '6' },
  ]);
  expect(run('a,b\r\n1\r2,3\n').items).toEqual([{ a: '1\r2', b: '3' }]);
});

test('quotes right after a byte order mark are those of the header', () => {
  expect(run('\ufeff"a\nb","c"\n1,2\n').items).toEqual([{ 'a\nb': '1', c: '2' }]);
});

test.each(['a,"b\n1,2\n', 'a,b"\n1,2\n'])('a header that cannot be read ends the batch: %j', (csv) => {
  const { code, stderr } = run(csv);
  expect(stderr).toMatch(/^leastwork: in\.csv: the header, its first record, cannot be read: /);
  expect(code).toBe(2);
});
