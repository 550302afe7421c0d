/** `/dev/stdout` and the like lead to whatever the shell has opened: also to a file that others write to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coreutils, MAIN } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('descriptors');
const read = (name: string) => readFileSync(join(directory, name), 'utf8');
writeFileSync(join(directory, 'in'), '1\n2\n');

const shell = (script: string) => {
  const command = `'${process.execPath}' '${MAIN}'`;
  const ran = coreutils('sh', ['-c', `l() { ${command} "$@"; }; ${script}`], { cwd: directory });
  expect(ran.stderr).toBe('');
};

describe.each(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])('%s, where it is a regular file', (name) => {
  it('keeps what others have written to it, and goes on to lead there', () => {
    shell(`{ echo before; l map --quiet -e 'l => l' in -o ${name}; echo after; } > out`);
    expect(read('out')).toBe('before\n1\n2\nafter\n');
  });

  it('is appended to by >>', () => {
    writeFileSync(join(directory, 'log'), 'before\n');
    shell(`l map --quiet -e 'l => l' in -o ${name} >> log`);
    expect(read('log')).toBe('before\n1\n2\n');
  });
});

it('failed items go there, too', () => {
  shell(
    `{ echo before; l map --quiet -e '() => { throw new Error("no") }' in --errors /dev/stderr; echo after; } 2> out`.replaceAll(
      /echo \w+/g,
      '$& >&2',
    ),
  );
  const [before, ...failed] = read('out').trimEnd().split('\n');
  expect(before).toBe('before');
  expect(failed.pop()).toBe('after');
  expect(failed.map((line) => JSON.parse(line).item)).toEqual(['1', '2']);
});

it('leastwork hash --output appends there', () => {
  writeFileSync(join(directory, 'sums'), 'before\n');
  shell('l hash --quiet -o /dev/stdout in >> sums');
  expect(read('sums')).toMatch(/^before\n[\da-f]{64} {2}in\n$/);
});
