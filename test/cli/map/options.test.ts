import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('map');
const below = join(directory, 'a', 'b');
mkdirSync(below, { recursive: true });
const write = (name: string, content: string) => writeFileSync(join(directory, name), content);

const map = (args: readonly string[], cwd = directory, input = 'x\n') =>
  leastwork(['map', ...args], { cwd, input });

describe('the config file', () => {
  test.each([
    ['leastwork.config.yaml', 'map:\n  tag: true\n  quiet: true\n'],
    ['leastwork.config.json', '{ "map": { "tag": true, "quiet": true }, "hash": {} }'],
    ['leastwork.config.js', 'module.exports = { map: { tag: true, quiet: true } };\n'],
    ['leastwork.config.mjs', 'export default { map: { tag: true, quiet: true } };\n'],
    ['leastwork.config.cjs', 'module.exports = { map: { tag: true, quiet: true } };\n'],
    ['leastwork.config.mts', 'const tag: boolean = true;\nexport default { map: { tag, quiet: true } };\n'],
    ['leastwork.config.ts', 'const tag: boolean = true;\nexport default { map: { tag, quiet: true } };\n'],
  ])('%s is found here and above', (name, content) => {
    const root = join(directory, name.replaceAll('.', '-'));
    mkdirSync(join(root, 'deep', 'er'), { recursive: true });
    writeFileSync(join(root, name), content);
    for (const cwd of [root, join(root, 'deep', 'er')]) {
      expect(map(['-e', 'l => 1'], cwd)).toMatchObject({ stdout: 'x\t1\n', stderr: '', code: 0 });
    }
  });

  test('is beaten by options', () => {
    write('four.yaml', 'map:\n  workers: 4\n  env: [A=1, B=2]\n  summary: none\n');
    expect(map(['--config', 'four.yaml', '-e', 'l => process.env.A + process.env.B']).stdout).toBe('12\n');
    const { stdout } = map(['--config', 'four.yaml', '--env', 'A=3', '-j', '3', '--dry-run', '-e', 'l => l']);
    expect(stdout).toContain('workers   3');
  });

  test('is beaten by options that exclude those of the file', () => {
    write('json.yaml', 'map:\n  ndjson: true\n  quiet: true\n  files-from: none\n  eval: "x => 2"\n');
    write('csv', 'a,b\n1,2\n');
    write('one.js', 'exports.one = () => 1;\n');
    const withFile = (...args: string[]) => map(['--config', 'json.yaml', ...args]);
    expect(withFile('--csv', '-e', 'r => r.b', 'csv')).toMatchObject({ stdout: '2\n', stderr: '', code: 0 });
    expect(withFile('--no-ndjson', '-e', 'l => l', '-').stdout).toBe('x\n');
    expect(withFile('--csv', './one.js#one', 'csv').stdout).toBe('1\n');
    expect(withFile('--csv', 'csv').stdout).toBe('2\n');
    expect(withFile('--csv', '--summary', 'json', 'csv').stderr).toMatch(/^{/);
    expect(withFile('--csv').stderr).toContain('none');
  });

  test.each([
    ['map:\n  worker: 2\n', "there is no option 'worker': did you mean 'workers'?"],
    ['maps:\n  workers: 2\n', "there is no section 'maps': did you mean 'map'?"],
    ['map:\n  tag: yes please\n', 'map.tag: got "yes please", expected true or false'],
    ['map:\n  workers: 0\n', "wrong.yaml: map.workers: got '0', expected a whole number from 1 to 1024"],
    [
      'map:\n  ndjson: true\n  csv: true\n',
      /--ndjson and --csv exclude each other .*wrong.yaml: map.csv\)$/m,
    ],
    ['map:\n  journal: j\n', /--journal needs --output FILE: .*\(--journal is .*wrong.yaml: map.journal\)$/m],
    ['map: 3\n', 'map: expected names and values'],
    ['map: [\n', 'wrong.yaml: '],
  ])('%j is refused', (content, message) => {
    write('wrong.yaml', content);
    const { code, stderr } = map(['--config', 'wrong.yaml', '-e', 'l => l']);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('names files and modules relative to its folder, wherever the command runs', () => {
    const root = join(directory, 'paths');
    mkdirSync(join(root, 'deep'), { recursive: true });
    writeFileSync(join(root, 'setup.cjs'), 'globalThis.greeting = "hello";\n');
    writeFileSync(join(root, 'list'), 'input\n');
    writeFileSync(join(root, 'deep', 'input'), 'x\n');
    writeFileSync(
      join(root, 'leastwork.config.json'),
      '{ "map": { "preload": "./setup.cjs", "output": "out", "files-from": "list", "quiet": true } }',
    );
    expect(map(['-e', 'l => globalThis.greeting'], join(root, 'deep'))).toMatchObject({
      stderr: '',
      code: 0,
    });
    expect(readFileSync(join(root, 'out'), 'utf8')).toBe('hello\n');
  });

  test('may have the environment as a mapping, and a dashboard without a port', () => {
    write('env.yaml', 'map:\n  env: { A: 1, B: b=c }\n  dashboard: true\n');
    const { stdout, stderr } = map(['--config', 'env.yaml', '-e', 'l => process.env.A + process.env.B']);
    expect(stdout).toBe('1b=c\n');
    expect(stderr).toContain('dashboard: http://127.0.0.1:');
    write('off.yaml', 'map:\n  dashboard: false\n  quiet: true\n');
    expect(map(['--config', 'off.yaml', '-e', 'l => l'])).toMatchObject({ stdout: 'x\n', stderr: '' });
  });

  test('that is named must be there', () => {
    expect(map(['--config', 'none.yaml', '-e', 'l => l']).code).toBe(2);
  });
});

describe('what is said', () => {
  test('of an option that does not exist: the nearest one', () => {
    const { stderr, code } = map(['--wrokers', '2', '-e', 'l => l']);
    expect(stderr.split('\n')[0]).toBe("leastwork: Unknown option '--wrokers': did you mean '--workers'?");
    expect(code).toBe(2);
  });

  test('of TypeScript where this Node needs a loader for it', () => {
    write('typed.mts', 'export const row = (line: string): number => line.length;\n');
    const { stderr, stdout, code } = map(['./typed.mts#row']);
    if (code === 0) expect(stdout).toBe('1\n');
    else expect(stderr).toContain('needs a loader for TypeScript: NODE_OPTIONS=');
  });

  test('a summary: items, failed and retried ones, rate, shares', () => {
    const { stderr } = map(
      ['-j', '1', '-e', 'l => { if (l === "2") throw new Error("x") }'],
      directory,
      '1\n2\n3\n',
    );
    expect(stderr).toMatch(
      /^3 items \(1 failed\), 6 B, \d.*s, \d+ items\/s\n {2}worker 1: 100\.0 %, 3 items, 6 B\n {2}failed: /,
    );
  });

  test('why the first item has failed', () => {
    write('first', '1\n');
    const fn = 'l => { if (l > 1) throw new RangeError("no\\n\\x1b[31m" + l) }';
    const said = (...args: string[]) =>
      map(['-e', fn, ...args], directory, '1\n2\n3\n')
        .stderr.split('\n')
        .at(-2);
    expect(said()).toBe('  failed: line 2: RangeError: no [31m2 (--errors FILE would tell all)');
    expect(said('first', '-', '--errors', 'bad')).toBe(
      '  failed: -: line 2: RangeError: no [31m2 (all: bad)',
    );
    expect(JSON.parse(map(['-e', 'l => l()', '--summary', 'json']).stderr).firstFailure).toEqual({
      line: 1,
      name: 'TypeError',
      message: 'l is not a function',
    });
  });

  test('the share of a worker, however often its thread was replaced', () => {
    const fn = 'l => { if (l % 2) process.exit() }';
    const { stderr } = map(['-j', '1', '-e', fn], directory, '1\n2\n3\n4\n5\n6\n');
    expect(stderr).toContain('  worker 1: 100.0 %, 6 items, 12 B\n');
    expect(stderr).not.toContain('worker 2');
  });

  test('the same as JSON', () => {
    const { stderr } = map(['--summary', 'json', '-e', 'l => l']);
    expect(JSON.parse(stderr)).toMatchObject({
      outcome: 'complete',
      items: 1,
      failed: 0,
      retried: 0,
      bytes: 2,
      outputBytes: 2,
    });
  });

  test('--dry-run says what would be done, and does nothing', () => {
    write('in', 'x\n');
    const { stdout, code } = map([
      '--dry-run',
      '--ndjson',
      '-j',
      '2',
      '-e',
      'l => l',
      'in',
      '-o',
      'dry.out',
      '--journal',
      'dry.journal',
    ]);
    expect(stdout).toBe(
      [
        'function  l => l, for each line, parsed as JSON',
        'input     in, 2 B',
        'output    dry.out, in the order of the input',
        'errors    counted only',
        'workers   2',
        'journal   dry.journal: would begin',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
    expect(() => readFileSync(join(directory, 'dry.out'))).toThrow();
    expect(map(['--dry-run', '-e', 'l => l', 'missing']).code).toBe(2);
  });

  test.each([
    ['two.cjs#three', "has no export 'three'; its functions are: two"],
    ['two.cjs#number', "exports 'number', but it is no function"],
    ['throws.cjs#one', 'does not load: not today'],
    ['none.cjs#one', 'there is no such module'],
  ])('--dry-run finds that %s is no function', (fn, message) => {
    write('two.cjs', 'exports.two = () => 2; exports.number = 2;\n');
    write('throws.cjs', "throw new Error('not today');\n");
    const { code, stdout, stderr } = map(['--dry-run', `./${fn}`]);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(map(['--dry-run', './two.cjs#two']).code).toBe(0);
  });

  test('--max-memory replaces threads that have grown', () => {
    // The first one has much to do, so that it is not at the end before another one has started.
    const fn = `l => {
      const { threadId } = require('node:worker_threads');
      (globalThis.kept ??= []).push(new Array(1e5).fill(l));
      const end = performance.now() + (threadId === 1 ? 15 : 0);
      while (performance.now() < end);
      return threadId;
    }`;
    const lines = Array.from({ length: 300 }, (_, i) => `${i}\n`).join('');
    const threads = map(['-j', '1', '--max-memory', '40', '-e', fn], directory, lines)
      .stdout.trim()
      .split('\n');
    expect(threads.length).toBe(300);
    expect(new Set(threads).size).toBeGreaterThan(1);
  });
});
