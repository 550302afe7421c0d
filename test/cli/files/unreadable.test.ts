import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { coreutils, leastwork, withoutProgram } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();
mkdirSync(join(directory, 'tree'));
writeFileSync(join(directory, 'tree/a'), 'a');
writeFileSync(join(directory, 'tree/b'), 'b');
symlinkSync('circle', join(directory, 'circle'));

it('names what cannot be read as sha256sum does, hashes the rest, and exits with 1', () => {
  const paths = ['tree/a', 'no where', 'tree/a/below', 'circle', 'new\nline', 'x'.repeat(300), 'tree/b'];
  const ran = leastwork(['hash', '--quiet', ...paths], { cwd: directory });
  const reference = coreutils('sha256sum', paths, { cwd: directory });
  expect(withoutProgram(ran.stderr)).toBe(withoutProgram(reference.stderr));
  expect(ran.stdout).toBe(reference.stdout);
  expect(ran.code).toBe(1);
});

it('counts it in the summary', () => {
  const ran = leastwork(['hash', 'tree', 'nowhere'], { cwd: directory });
  expect(ran.stderr).toContain('\n2 files (and 1 file unread), 2 B, ');
});

it('still writes --output with the rest', () => {
  const ran = leastwork(['hash', '--output', 'out', 'nowhere', 'tree'], { cwd: directory });
  expect(ran.code).toBe(1);
  expect(coreutils('sha256sum', ['-c', 'out'], { cwd: directory }).stdout).toBe('tree/a: OK\ntree/b: OK\n');
});
