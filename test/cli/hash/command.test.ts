import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { coreutils, ended, leastwork, MAIN, start } from '../../support/command.js';
import { makeOddTree } from '../../support/odd-names.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();
const tree = join(directory, 'tree');

beforeAll(() => {
  makeOddTree(tree);
  writeFileSync(join(tree, 'large'), Buffer.alloc(3_000_000, 'large'));
  for (let i = 0; i < 300; i++) writeFileSync(join(tree, `sub dir/${i}`), `${i}`);
});

/** The output of `find | sort | sha256sum`. */
function reference(program: string, path: string): string {
  const script = `find "$1" -type f -print0 | LC_ALL=C sort -z | xargs -0 ${program} --`;
  return coreutils('sh', ['-c', script, 'sh', path], { cwd: directory }).stdout;
}

describe('the manifest', () => {
  it.each(['tree', 'tree/', './tree', tree])('of %s is what sha256sum prints', (path) => {
    const ran = leastwork(['hash', path], { cwd: directory });
    expect(ran.stdout).toBe(reference('sha256sum', path.replace(/(.)\/$/, '$1')));
    expect(ran.code).toBe(0);
  });

  it('is accepted by sha256sum -c', () => {
    const { stdout } = leastwork(['hash', 'tree'], { cwd: directory });
    const checked = coreutils('sha256sum', ['-c', '--strict', '--quiet'], {
      cwd: directory,
      input: Buffer.from(stdout, 'latin1'),
    });
    expect(checked).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  it.each([1, 3])('is the same with %i workers', (workers) => {
    const ran = leastwork(['hash', '--workers', `${workers}`, 'tree'], { cwd: directory });
    expect(ran.stdout).toBe(reference('sha256sum', 'tree'));
    expect(ran.stderr).toMatch(/^ {2}worker 1: /m);
  });

  it.each([
    ['sha1', 'sha1sum'],
    ['SHA512', 'sha512sum'],
    ['md5', 'md5sum'],
    ['blake2b512', 'b2sum'],
  ])('with --algorithm %s is what %s prints', (algorithm, program) => {
    expect(leastwork(['hash', '-a', algorithm, 'tree'], { cwd: directory }).stdout).toBe(
      reference(program, 'tree'),
    );
  });
});

describe('named paths', () => {
  it('come in the order given, and symbolic links are followed', () => {
    symlinkSync('tree/plain.txt', join(directory, 'link'));
    const paths = ['tree/large', 'link', 'tree/plain.txt', 'tree/large'];
    const ran = leastwork(['hash', ...paths], { cwd: directory });
    expect(ran.stdout).toBe(coreutils('sha256sum', paths, { cwd: directory }).stdout);
  });

  it('of few small files need no threads', () => {
    const ran = leastwork(['hash', 'link', 'tree/plain.txt'], { cwd: directory });
    expect(ran.stderr).toMatch(/^ {2}main thread: 100\.0 %, 2 files/m);
    expect(ran.stderr).toContain('had nothing to do');
  });

  it('that may keep a reader waiting are left to threads', async () => {
    coreutils('mkfifo', ['fifo'], { cwd: directory });
    const child = start(['hash', 'fifo'], directory);
    const end = ended(child);
    let written = '';
    child.stdout?.on('data', (chunk) => {
      written += chunk;
    });
    // Opening a FIFO for writing waits for a reader.
    await writeFile(join(directory, 'fifo'), 'from a pipe');
    expect((await end).code).toBe(0);
    expect(written).toBe(`${createHash('sha256').update('from a pipe').digest('hex')}  fifo\n`);
  });

  it('may begin with a dash after --', () => {
    const ran = leastwork(['hash', '--', '-dash', '--check'], { cwd: tree });
    expect(ran.stdout).toBe(coreutils('sha256sum', ['--', '-dash', '--check'], { cwd: tree }).stdout);
  });

  it('need not be UTF-8', () => {
    const call = (program: string) =>
      coreutils('sh', ['-c', `${program} "$(printf 'not utf-8 \\377\\376')"`, process.execPath], {
        cwd: tree,
      });
    const main = [process.execPath, MAIN].map((word) => `'${word}'`).join(' ');
    expect(call(`${main} hash --quiet`)).toEqual(call('sha256sum'));
  });

  it('- is standard input', () => {
    const input = Buffer.alloc(1_000_000, 'input');
    for (const paths of [['-'], ['-', 'tree/large', 'tree/plain.txt'], ['tree/plain.txt', '-']]) {
      const options = { input, cwd: directory };
      expect(leastwork(['hash', ...paths], options).stdout).toBe(
        coreutils('sha256sum', paths, options).stdout,
      );
    }
  });
});

describe('without a path', () => {
  it('what is piped in is hashed, also where there is a node_modules', () => {
    const project = join(directory, 'project');
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    const ran = leastwork(['hash', '--quiet'], { cwd: project, input: 'tree\n' });
    expect(ran).toMatchObject(coreutils('sha256sum', [], { input: 'tree\n' }));
  });
});

describe('--files-from', () => {
  const digests = () => coreutils('sha256sum', ['tree/plain.txt', 'tree/large'], { cwd: directory }).stdout;

  it('gives the paths one a line, of a file or of standard input', () => {
    const input = 'tree/plain.txt\ntree/large\n';
    writeFileSync(join(directory, 'list'), input);
    const options = { cwd: directory, input };
    expect(leastwork(['hash', '--files-from', '-'], options).stdout).toBe(digests());
    expect(leastwork(['hash', '--files-from', 'list'], { cwd: directory }).stdout).toBe(digests());
  });

  it('gives them with a NUL after each, with -0', () => {
    const options = { cwd: directory, input: 'tree/plain.txt\0tree/large\0' };
    expect(leastwork(['hash', '-0', '--files-from', '-'], options).stdout).toBe(digests());
  });

  it('excludes PATHs, and belongs to -0', () => {
    expect(leastwork(['hash', '--files-from', '-', 'tree']).stderr).toMatch(/either PATHs or --files-from/);
    expect(leastwork(['hash', '-0', 'tree']).stderr).toMatch(/only with --files-from/);
  });
});

it('a FIFO whose writer stalls does not keep a signal from ending the command', async () => {
  const fifo = join(directory, 'stalling');
  execFileSync('mkfifo', [fifo]);
  const child = start(['hash', '--quiet', 'stalling'], directory);
  const exit = once(child, 'exit');
  // Opens as soon as the command has opened it for reading.
  const writer = await open(fifo, 'w');
  child.kill('SIGTERM');
  expect(await exit).toEqual([null, 'SIGTERM']);
  await writer.close();
});

describe('the summary', () => {
  it('tells files, bytes, seconds, rate and shares', () => {
    const ran = leastwork(['hash', '-j', '2', 'tree/large', 'tree/plain.txt'], { cwd: directory });
    expect(ran.stderr).toMatch(/^2 files, 3\.0 MB, \d+\.\d+ s, \d+\.\d MB\/s\n {2}worker 1: /);
  });

  it('is left out with --quiet, and then nothing is printed but the manifest: no progress without a terminal', () => {
    expect(leastwork(['hash', '--quiet', 'tree'], { cwd: directory }).stderr).toBe('');
  });

  it('of nothing', () => {
    mkdirSync(join(directory, 'empty'));
    const ran = leastwork(['hash', 'empty'], { cwd: directory });
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(/^0 files, 0 B, /);
    expect(ran.code).toBe(0);
  });
});
