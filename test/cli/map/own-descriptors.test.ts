/** `/dev/stdout` and the like lead to whatever the shell has opened: also to a file that others write to. */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coreutils, MAIN } from '../../support/command.js';
import { range } from '../../support/range.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('descriptors');
const read = (name: string) => readFileSync(join(directory, name), 'utf8');
writeFileSync(join(directory, 'in'), '1\n2\n');
symlinkSync('there', join(directory, 'link'));

const run = (script: string) => {
  const command = `'${process.execPath}' '${MAIN}'`;
  return coreutils('sh', ['-c', `l() { ${command} "$@"; }; ${script}`], { cwd: directory });
};

const shell = (script: string) => {
  expect(run(script).stderr).toBe('');
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

const NO_THIRD = `'l => { if (parseInt(l) % 3 === 0) throw new Error("no"); return l; }'`;

it.each([
  ['standard output', '--errors /dev/stdout'],
  ['one name', '-o /dev/stdout --errors /dev/fd/1'],
  ['another descriptor', '--errors /dev/stderr 2>&1'],
])('results and failed items through one pipe do not tear each other: %s', (_name, options) => {
  const items = range(0, 100_000).map((n) => `${String(n).padStart(6, '0')} ${'x'.repeat(90)}`);
  writeFileSync(join(directory, 'many'), `${items.join('\n')}\n`);
  shell(`l map --quiet -e ${NO_THIRD} many ${options} | { sleep 0.1; cat; } > out`);
  const lines = read('out').trimEnd().split('\n');
  const given = lines.map((line) => (line.startsWith('{') ? JSON.parse(line).item : line));
  expect(given.sort()).toEqual(items);
});

/** Each item is printed, and given as a result or, if it can be divided by 3, fails. */
const PRINTS = `'l => { const line = l + "x".repeat(90); console.log(line); if (parseInt(l) % 3 === 0) throw new Error("no"); return line; }'`;

it.each([
  ['results', '2>&1', 13_333],
  ['failed items', '--errors /dev/stderr 2>&1 > /dev/null', 6_667],
  ['results and failed items', '--errors /dev/stdout 2>&1', 20_000],
  ['failed items, through a FIFO', '--errors fifo 2> fifo > /dev/null & cat fifo', 6_667],
])('what functions print does not tear %s', (_name, options, others) => {
  const items = range(0, 20_000).map((n) => String(n).padStart(6, '0'));
  writeFileSync(join(directory, 'numbers'), `${items.join('\n')}\n`);
  shell(
    `rm -f fifo; mkfifo fifo; { l map --quiet -e ${PRINTS} numbers ${options}; } | { sleep 0.2; cat; } > out`,
  );
  const lines = read('out').trimEnd().split('\n');
  const torn = lines.filter((line) => !line.startsWith('{"line":') && !/^\d{6}x{90}$/.test(line));
  expect(torn).toEqual([]);
  expect(lines.length).toBe(20_000 + others);
});

it('the size of the output is that of the results alone, also where failed items go there', () => {
  shell(`l map --summary json -e ${NO_THIRD} many --errors /dev/stdout 2> summary | cat > out`);
  const results = read('out')
    .split('\n')
    .filter((line) => /^\d/.test(line));
  expect(JSON.parse(read('summary')).outputBytes).toBe(results.join('\n').length + 1);
});

it('results and failed items may go to one file by one descriptor', () => {
  shell(`{ echo before; l map --quiet -e ${NO_THIRD} many -o /dev/stdout --errors /dev/stdout; } > out`);
  expect(read('out').trimEnd().split('\n').length).toBe(100_001);
});

it.each([
  [
    'results and failed items',
    'in --errors out > out',
    'out: is both the output and the file of failed items',
  ],
  ['results and an input', 'log >> log', 'log: is both the output and an input'],
  ['results and standard input', '< log 1<> log', '-: is both the output and an input'],
  [
    'a file that is to be replaced',
    'in -o out --errors /dev/stdout > out',
    '/dev/stdout: is both the output and the file of failed items',
  ],
  [
    'links to a file that is not there',
    'in -o there --errors link',
    'link: is both the output and the file of failed items',
  ],
  [
    'a link as output, and a journal',
    'in -o link --journal there',
    'there: is both the output and the journal',
  ],
])('one file for two purposes is refused: %s', (_name, args, message) => {
  const { stderr } = run(`l map --quiet -e 'l => l' ${args}`);
  expect(stderr).toBe(`leastwork: ${message}\n`);
  expect(existsSync(join(directory, 'there'))).toBe(false);
});

it('leastwork hash --output appends there', () => {
  writeFileSync(join(directory, 'sums'), 'before\n');
  shell('l hash --quiet -o /dev/stdout in >> sums');
  expect(read('sums')).toMatch(/^before\n[\da-f]{64} {2}in\n$/);
});
