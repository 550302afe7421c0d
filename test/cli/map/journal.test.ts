import { appendFileSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ended, leastwork, start } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('map');
const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');
const read = (name: string) => readFileSync(join(directory, name), 'utf8');
const write = (name: string, content: string) => writeFileSync(join(directory, name), content);

/** A batch whose files all have that name. */
function batch(name: string, fn: string, more: readonly string[] = []) {
  const files = [
    `${name}.in`,
    '-o',
    `${name}.out`,
    '--errors',
    `${name}.err`,
    '--journal',
    `${name}.journal`,
  ];
  const ran = leastwork(['map', '--quiet', '-e', fn, ...files, ...more], { cwd: directory });
  return { code: ran.code, err: ran.stderr };
}

const summaryOf = (name: string) => leastwork(['journal', `${name}.journal`], { cwd: directory });

describe('a journal', () => {
  test('is text: what the batch is, what is done, how it ended', () => {
    write('text.in', lines(5));
    batch('text', 'l => { if (l === "4") throw new Error("four"); return l }');
    const [title, identity, begin, ...more] = read('text.journal').split('\n');
    expect(title).toBe('leastwork journal 1');
    expect(identity).toMatch(/^batch \{"task":\{.*text\.in.*\} #[0-9a-f]{8}$/);
    expect(begin).toMatch(/^begin \d{4}-.*Z #[0-9a-f]{8}$/);
    expect(more.splice(-2)).toEqual([expect.stringMatching(/^complete /), '']);
    // One commit, or more where the command was held up in between: each has what has been written since.
    const fails = more.filter((line) => /^fail 0:6-8@4 "Error: four" #[0-9a-f]{8}$/.test(line));
    const commits = more.flatMap(
      (line) => /^commit 0:(\d+)-(\d+)@\d\/\d (items=.*) #[0-9a-f]{8}$/.exec(line)?.slice(1) ?? [],
    );
    expect(fails).toHaveLength(1);
    expect(more).toHaveLength(1 + commits.length / 3);
    expect(commits[0]).toBe('0');
    expect(commits.slice(-2)).toEqual([
      '10',
      expect.stringMatching(/^items=5 failed=1 output=8 errors=\d+$/),
    ]);
  });

  test('is summed up by `leastwork journal`', () => {
    const { stdout, code } = summaryOf('text');
    expect(stdout).toContain('items     5, 1 failed');
    expect(stdout).toContain('text.in: 10 B of 10 B done');
    expect(stdout).toContain('state     complete');
    expect(stdout).toMatch(/failed {4}1 .* Error: four \(first in line 4\)/);
    expect(code).toBe(1);
    const failed = leastwork(['journal', '--failed', 'text.journal'], { cwd: directory });
    expect(failed.stdout).toMatch(/text\.in\t4\tError: four\n$/);
  });

  test('of a run that goes on, or was killed, was last written when its file was', () => {
    write('killed.journal', read('text.journal').replace(/^complete.*\n/m, ''));
    utimesSync(join(directory, 'killed.journal'), 0, 86_400);
    const { stdout } = summaryOf('killed');
    expect(stdout).toContain(
      'last written 1970-01-02T00:00:00.000Z, resumed 0 times\nstate     not complete',
    );
    expect(summaryOf('text').stdout).toMatch(/last written 2\d{3}-/);
  });

  test('that exists is not overwritten', () => {
    const { code, err } = batch('text', 'l => l');
    expect(code).toBe(2);
    expect(err).toContain('this journal exists: add --resume to go on with it, or remove it to begin anew');
  });

  test('of another kind of file is refused', () => {
    write('other.journal', 'something\nelse\n');
    write('other.in', 'a\n');
    expect(batch('other', 'l => l', ['--resume']).err).toContain('this is no journal of leastwork');
    expect(read('other.journal')).toBe('something\nelse\n');
    expect(leastwork(['journal', 'missing'], { cwd: directory }).code).toBe(2);
    writeFileSync(join(directory, 'begun.journal'), '');
    expect(summaryOf('begun')).toMatchObject({
      code: 1,
      stderr: 'leastwork: begun.journal: nothing is committed yet; --resume begins the batch\n',
    });
  });
});

describe('--resume', () => {
  test('begins where there is no journal, and does nothing where all is done', () => {
    write('again.in', lines(10));
    expect(batch('again', 'l => l', ['--resume']).code).toBe(0);
    expect(batch('again', 'l => l', ['--resume']).code).toBe(0);
    expect(read('again.out')).toBe(lines(10));
  });

  test.each([[[]], [['--unordered']]])('after Ctrl-C: the rest, and nothing twice %j', async (order) => {
    const name = `ctrl${order.length}`;
    write(`${name}.in`, lines(300));
    // An item in the middle says so, and runs until the signal has arrived.
    const fn = `async (l) => {
      const { existsSync } = await import('node:fs');
      if (l === '40') process._rawDebug('now');
      while (l === '40' && !existsSync('${name}.gate'));
      if (l % 50 === 0) throw new Error(l);
      for (const end = performance.now() + 1; performance.now() < end; );
      return l;
    }`;
    const args = ['map', '-e', fn, `${name}.in`, '-o', `${name}.out`, '--errors', `${name}.err`];
    const child = start([...args, '--journal', `${name}.journal`, ...order], directory);
    let err = '';
    child.stderr?.on('data', (chunk) => {
      if (`${chunk}`.includes('now')) child.kill('SIGINT');
      err += chunk;
      if (err.includes('finishing')) write(`${name}.gate`, '');
    });
    expect(await ended(child)).toEqual({ code: null, signal: 'SIGINT' });
    expect(err).toContain('run the same command with --resume to go on');
    expect(summaryOf(name).stdout).toContain('state     interrupted');
    expect(batch(name, fn, ['--resume', ...order]).code).toBe(1);
    const expected = lines(300).replace(/^\d*[05]0\n/gm, (line) => (Number(line) % 50 === 0 ? '' : line));
    const sorted = (text: string) => (order.length === 0 ? text : text.split('\n').sort().join('\n'));
    expect(sorted(read(`${name}.out`))).toBe(sorted(expected));
    const failed = read(`${name}.err`)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).line);
    expect(failed.sort((a, b) => a - b)).toEqual([50, 100, 150, 200, 250, 300]);
  });

  test('ignores a torn end, and what the files have beyond the last commit', () => {
    write('torn.in', lines(1_000));
    batch('torn', 'l => l');
    const whole = read('torn.journal').split('\n');
    // As if it had been killed between its last writes.
    write('torn.journal', `${whole.slice(0, 3).join('\n')}\n${whole[3]!.slice(0, 20)}`);
    appendFileSync(join(directory, 'torn.out'), 'half a li');
    expect(batch('torn', 'l => l', ['--resume']).code).toBe(0);
    expect(read('torn.out')).toBe(lines(1_000));
    expect(summaryOf('torn').code).toBe(0);
  });

  test('refuses an output that is shorter than the journal says', () => {
    write('short.in', lines(10));
    batch('short', 'l => l');
    truncateSync(join(directory, 'short.out'), 3);
    expect(batch('short', 'l => l', ['--resume']).err).toContain('has 3 bytes, but the journal speaks of 21');
  });

  test('refuses what has changed, and says what; not with --force', () => {
    write('changed.in', lines(10));
    write('changed.mjs', 'export const f = (l) => l;\n');
    batch('changed', 'l => l');
    expect(batch('changed', 'l => l + 1', ['--resume']).err).toContain(
      'the function was l => l, not l => l + 1',
    );
    expect(batch('changed', 'l => l', ['--resume', '--tag']).err).toContain('tag was false, not true');
    appendFileSync(join(directory, 'changed.in'), '11\n');
    const { code, err } = batch('changed', 'l => l', ['--resume']);
    expect(err).toContain('changed.in had 21 bytes and has 24');
    expect(code).toBe(2);
    expect(batch('changed', 'l => l', ['--resume', '--force']).code).toBe(0);
    expect(read('changed.out')).toBe(lines(11));
  });

  test('of CSV, of compressed and of several files: headers are read again, and line numbers go on', () => {
    const records = Array.from({ length: 200 }, (_, i) => `${i},"a\nb ${i}"\n`).join('');
    write('csv1', `id,text\n${records}`);
    write('csv2', 'text,id\nlast,x\n');
    const args = [
      '--csv',
      '-e',
      'r => { if (r.id === "x") throw new Error("x"); return r.id }',
      'csv1',
      'csv2',
    ];
    const files = ['-o', 'csv.out', '--errors', 'csv.err', '--journal', 'csv.journal', '--resume'];
    const run = () => leastwork(['map', '--quiet', ...args, ...files], { cwd: directory });
    expect(run().code).toBe(1);
    const [output, errors, journal] = [read('csv.out'), read('csv.err'), read('csv.journal')];
    write('csv.journal', journal.split('\n').slice(0, 3).join('\n'));
    expect(run().code).toBe(1);
    expect([read('csv.out'), read('csv.err')]).toEqual([output, errors]);
    expect(JSON.parse(errors)).toMatchObject({ file: 'csv2', line: 2 });
  });
});

describe('--retry-failed', () => {
  const fn =
    'l => { if (l % 4 === 0 && !require("node:fs").existsSync("mended")) throw new Error(l); return l }';

  test('runs the failed items again, and appends what they give', () => {
    write('retry.in', lines(12));
    expect(batch('retry', fn).code).toBe(1);
    expect(batch('retry', fn, ['--retry-failed']).code).toBe(1);
    expect(
      read('retry.err')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).line),
    ).toEqual([4, 8, 12]);
    write('mended', '');
    expect(batch('retry', fn, ['--retry-failed']).code).toBe(0);
    expect(read('retry.out')).toBe(`${lines(12).replace(/^(?:4|8|12)\n/gm, '')}4\n8\n12\n`);
    expect(read('retry.err')).toBe('');
    expect(summaryOf('retry').stdout).toContain('pass 3');
    expect(summaryOf('retry').code).toBe(0);
  });

  test('not of a batch that is not complete, nor without a journal', () => {
    write('early.in', 'a\n');
    expect(batch('early', 'l => l', ['--retry-failed']).err).toContain('there is no journal');
  });
});
