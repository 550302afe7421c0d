import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ManifestReader } from '../../../dist/src/cli/manifest/manifest-reader.js';
import { scratch } from '../../support/scratch.js';

const file = join(scratch(), 'SUMS');
const digest = 'a'.repeat(64);

it.each([
  ['empty lines', '\n'],
  ['comments', '#\n'],
  ['malformed lines', 'a\n'],
  ['well-formed lines', `${digest}  a\n`],
])('%s are awaited in groups, and each is counted', async (kind, line) => {
  writeFileSync(file, line.repeat(10_000));
  const reader = new ManifestReader(file, 'sha256');
  let groups = 0;
  let entries = 0;
  for await (const group of reader.entries()) {
    groups++;
    entries += group.length;
  }
  const wellFormed = kind === 'well-formed lines' ? 10_000 : 0;
  expect(entries).toBe(wellFormed);
  expect(reader.wellFormed).toBe(wellFormed);
  expect(reader.malformed).toBe(kind === 'malformed lines' ? 10_000 : 0);
  expect(groups).toBeLessThan(100);
});

it('the number of a malformed line is that in the file', async () => {
  writeFileSync(file, `${digest}  a\n\n${digest.slice(1)}  b\n${digest}  c\n${digest} \n`);
  const reader = new ManifestReader(file, 'sha256');
  const numbers: number[] = [];
  reader.onMalformed = (line) => numbers.push(line);
  for await (const _ of reader.entries());
  expect(numbers).toEqual([3, 5]);
});
