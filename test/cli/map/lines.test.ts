import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('map');

/** Runs `leastwork map --quiet` in the scratch directory, on one thread. Text in and out is UTF-8. */
function map(args: readonly string[], input: string | Buffer = '', workers = 1) {
  const ran = leastwork(['map', '--quiet', '-j', String(workers), ...args], { cwd: directory, input });
  return { code: ran.code, out: Buffer.from(ran.stdout, 'latin1').toString('utf8'), err: ran.stderr };
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(directory, name), content);
  return name;
}

const errorsIn = (name: string) =>
  readFileSync(join(directory, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('items', () => {
  test('are the lines, without their ends, a carriage return included', () => {
    const { out, code } = map(['-e', 'l => JSON.stringify(l)'], 'a\r\nb\n\n c \rd\ne');
    expect(out).toBe('"a"\n"b"\n""\n" c \\rd"\n"e"\n');
    expect(code).toBe(0);
  });

  test('a byte order mark at the beginning of a file is none of the first line', () => {
    const { out } = map([
      '-e',
      'l => [l.length + l]',
      file('bom.txt', '\ufeffa\nb\n'),
      file('bom2.txt', '\ufeffc\n\ufeffd'),
    ]);
    expect(out).toBe('1a\n1b\n1c\n2\ufeffd\n');
  });

  test('bytes that are not UTF-8 become U+FFFD, and lines stay lines', () => {
    const { out } = map(['-e', 'l => l'], Buffer.from([97, 0xff, 98, 10, 0xe2, 0x82, 10, 0xc3, 0xa9, 10]));
    expect(out).toBe('a\ufffdb\n\ufffd\né\n');
  });

  test('the last line of a file is not joined with the first one of the next', () => {
    expect(map(['-e', 'l => l', file('one', 'a\nb'), file('two', 'c\n')]).out).toBe('a\nb\nc\n');
  });

  test('are ended by NUL with -0', () => {
    expect(map(['-0', '-e', 'l => JSON.stringify(l)'], 'a\nb\0c\r\0').out).toBe('"a\\nb"\n"c\\r"\n');
  });

  test('are parsed with --ndjson, and blank lines are none', () => {
    const input = '{"n":1}\n\n  \n[2]\nbad\n"x"\n';
    const { out, code } = map(['--ndjson', '-e', 'v => ({ v })', '--errors', 'nd.err'], input);
    expect(out).toBe('{"v":{"n":1}}\n{"v":[2]}\n{"v":"x"}\n');
    expect(code).toBe(1);
    expect(errorsIn('nd.err')).toMatchObject([{ line: 5, offset: 16, item: 'bad', name: 'SyntaxError' }]);
  });

  test('are records with --csv, by the header of each file; line ends in quotes are part of a field', () => {
    const one = file('one.csv', '\ufeffid,text\r\n1,"a\nb"\r\n2,"say ""x"""\r\n3,too,many\r\n\r\n4,é');
    const two = file('two.csv', 'text,id\nz,9\n');
    const { out, code } = map([
      '--csv',
      '-e',
      'r => [r.id + JSON.stringify(r.text)]',
      one,
      two,
      '--errors',
      'csv.err',
    ]);
    expect(out).toBe('1"a\\nb"\n2"say \\"x\\""\n4"é"\n9"z"\n');
    expect(code).toBe(1);
    expect(errorsIn('csv.err')).toMatchObject([{ file: 'one.csv', line: 4, item: '3,too,many' }]);
  });

  test('of files that are named in a file, and of compressed ones', () => {
    file('packed.txt.gz', gzipSync('x\ny\n'));
    file('plain.txt', 'z\n');
    file('list', 'packed.txt.gz\r\nplain.txt\n');
    expect(map(['-e', 'l => l', '--files-from', 'list']).out).toBe('x\ny\nz\n');
    const nul = 'packed.txt.gz\0plain.txt\0';
    expect(map(['-e', 'l => l', '--files-from', '-'], nul).out).toBe('x\ny\nz\n');
  });
});

describe('results', () => {
  test('strings as they are, else JSON; undefined gives no line, an iterable many', () => {
    const values = `["text", 1, null, undefined, { a: [1] }, true, ["x", { y: 1 }, undefined], new Set([1, 2]), [[1, 2]], ""]`;
    const { out } = map(['-e', `i => ${values}[i]`], '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n');
    expect(out).toBe('text\n1\nnull\n{"a":[1]}\ntrue\nx\n{"y":1}\n1\n2\n[1,2]\n\n');
  });

  test('of generators, async ones too, and promises', () => {
    const fn = 'async function* (l) { yield l; await null; yield l + l }';
    expect(map(['-e', fn], 'a\nb\n').out).toBe('a\naa\nb\nbb\n');
    expect(map(['-e', 'function* (l) { yield* l }'], 'ab\n').out).toBe('a\nb\n');
    expect(map(['-e', 'async l => l + 1'], 'a\nb\n').out).toBe('a1\nb1\n');
  });

  test('a promise among several is a failure, for as JSON it would be an empty object', () => {
    const fn = 'l => l === "a" ? [1, Promise.resolve(2)] : Promise.all([1, Promise.resolve(2)])';
    expect(map(['-e', fn, '--errors', 'promises'], 'a\nb\n').out).toBe('1\n2\n');
    expect(errorsIn('promises')[0].message).toContain('there is a promise among the results');
  });

  test('a generator that throws after some values gives none of them', () => {
    const { out, code } = map(
      ['-e', 'function* (l) { yield l; if (l === "b") throw new Error(l) }'],
      'a\nb\nc\n',
    );
    expect(out).toBe('a\nc\n');
    expect(code).toBe(1);
  });

  test('what cannot be written as JSON is a failure of its item', () => {
    const { out, code } = map(
      ['-e', 'l => l === "a" ? 1n : l === "b" ? () => 1 : l', '--errors', 'json.err'],
      'a\nb\nc\n',
    );
    expect(out).toBe('c\n');
    expect(code).toBe(1);
    expect(errorsIn('json.err').map(({ name }) => name)).toEqual(['TypeError', 'TypeError']);
  });

  test('begin with their item with --tag', () => {
    expect(map(['--tag', '-e', 'l => [l.length, l]'], 'ab\nc\n').out).toBe('ab\t2\nab\tab\nc\t1\nc\tc\n');
  });

  test('many more than there is room for, from one item and from all', () => {
    const { out } = map(['-e', 'l => "x".repeat(+l)'], '3000000\n5\n700000\n1\n');
    expect(out.split('\n').map((line) => line.length)).toEqual([3_000_000, 5, 700_000, 1, 0]);
    const lines = Array.from({ length: 2_000 }, (_, i) => `${i}\n`).join('');
    const wide = map(['-e', 'l => Array.from({ length: 50 }, () => l + "-".repeat(40))'], lines).out.split(
      '\n',
    );
    expect(wide.length).toBe(100_001);
    expect(wide.filter((line) => line.startsWith('1999-')).length).toBe(50);
  });

  test('what the function prints goes to standard error', () => {
    const { out, err } = map(['-e', 'l => { console.log("note " + l); return l }'], 'a\n');
    expect(out).toBe('a\n');
    expect(err).toContain('note a');
  });

  test('in the order of the input, whatever the items take; with --unordered all of them, whole', () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => `line ${i}`);
    const fn =
      'l => { const n = +l.slice(5); const end = performance.now() + (n % 400 === 0 ? 15 : 0); while (performance.now() < end); return l }';
    const input = `${lines.join('\n')}\n`;
    expect(map(['-e', fn], input, 2).out).toBe(input);
    const unordered = map(['--unordered', '-e', fn], input, 2).out.trimEnd().split('\n');
    expect(unordered.sort()).toEqual([...lines].sort());
  });

  test('go to a file, which is replaced when all is done and keeps its mode', () => {
    file('old', 'old');
    expect(map(['-e', 'l => l', '-o', 'old'], 'new\n').out).toBe('');
    expect(readFileSync(join(directory, 'old'), 'utf8')).toBe('new\n');
  });
});

describe('failed items', () => {
  test('are told with their line, offset, text and error; the others go on', () => {
    const { out, code } = map(
      [
        '-e',
        'l => { if (l === "é2") throw new RangeError("two"); if (l === "4") throw "text"; return l }',
        '--errors',
        'e.err',
      ],
      '1\né2\n3\r\n4\r\n5',
    );
    expect(out).toBe('1\n3\n5\n');
    expect(code).toBe(1);
    const [first, second] = errorsIn('e.err');
    expect(first).toMatchObject({ line: 2, offset: 2, item: 'é2', name: 'RangeError', message: 'two' });
    expect(first.stack).toMatch(/^RangeError: two\n.*inline/);
    expect(first.stack).not.toContain('chunk-task');
    expect(second).toEqual({ line: 4, offset: 9, item: '4', name: 'Error', message: 'text' });
  });

  test('an item that ends its thread fails alone', () => {
    const lines = Array.from({ length: 500 }, (_, i) => `${i}`);
    const fn =
      'l => { if (l === "123") process.exit(7); if (l === "321") setImmediate(() => { throw new Error("late") }); return l }';
    const { out, code } = map(['-e', fn, '--errors', 'exit.err'], `${lines.join('\n')}\n`, 2);
    expect(code).toBe(1);
    const failed = errorsIn('exit.err');
    expect(failed[0]).toMatchObject({ line: 124, item: '123', name: 'WorkerCrashedError' });
    expect(failed[0].message).toContain('exit code 7');
    const missing = lines.filter((line) => !out.split('\n').includes(line));
    expect(missing).toEqual(failed.map(({ item }) => item));
  });

  test('have right line numbers in large inputs, with --unordered too', () => {
    const lines = Array.from({ length: 60_000 }, (_, i) =>
      i % 7_919 === 5 ? `bad ${i}` : `${i}`.padEnd(20, '.'),
    );
    const input = file('many.txt', `${lines.join('\n')}\n`);
    const fn = 'l => { if (l.startsWith("bad")) throw new Error(l); return l.length }';
    const wanted = lines.flatMap((line, i) => (line.startsWith('bad') ? [[i + 1, line]] : []));
    for (const order of [[], ['--unordered']]) {
      map([...order, '-e', fn, input, '--errors', 'many.err'], '', 2);
      const found = errorsIn('many.err').map(({ line, item }) => [line, item]);
      expect(found.sort(([a], [b]) => a - b)).toEqual(wanted);
    }
  });
});

describe('functions', () => {
  test('of modules: a named export, a nested one, the default one, CommonJS', () => {
    mkdirSync(join(directory, 'm'), { recursive: true });
    file(
      'm/esm.mjs',
      'export const up = (l) => l.toUpperCase();\nexport default (l) => l + "!";\nexport const o = { twice: (l) => l + l };\n',
    );
    file('m/common.cjs', 'module.exports = { low: (l) => l.toLowerCase() };\n');
    expect(map(['./m/esm.mjs#up'], 'a\n').out).toBe('A\n');
    expect(map(['m/esm.mjs#o.twice'], 'a\n').out).toBe('aa\n');
    expect(map(['m/esm.mjs'], 'a\n').out).toBe('a!\n');
    expect(map(['./m/common.cjs#low'], 'A\n').out).toBe('a\n');
  });

  test('-e may require and import, from the working directory', () => {
    file('local.cjs', 'module.exports = (l) => l + " local";\n');
    expect(map(['-e', 'l => require("./local.cjs")(l)'], 'a\n').out).toBe('a local\n');
    expect(map(['-e', 'async l => (await import("./local.cjs")).default(l)'], 'a\n').out).toBe('a local\n');
  });

  test('threads get --env and --preload', () => {
    file('before.mjs', 'globalThis.before = "loaded";\n');
    const { out } = map(
      ['-e', 'l => process.env.X + globalThis.before', '--env', 'X=1=2', '--preload', './before.mjs'],
      'a\n',
    );
    expect(out).toBe('1=2loaded\n');
  });
});

describe('what cannot run', () => {
  test.each([
    [['-e', 'l => nowhere'], 'nowhere'],
    [['-e', 'l =>'], '-e: SyntaxError'],
    [['-e', '"text"'], "-e: expected a function, as in 'line => line.length'; this is a string"],
    [[], 'no function'],
    [['./missing.js#f'], './missing.js: there is no such module'],
    [['no-such-package#f'], 'no-such-package: there is no such file, nor such a package here'],
    [['-e', 'l => l', 'missing.txt'], 'missing.txt: No such file or directory'],
    [['-e', 'l => l', '.'], '.: Is a directory'],
    [['-e', 'l => l', '--journal', 'j'], '--journal needs --output FILE'],
    [['-e', 'l => l', '--resume'], '--resume needs --journal FILE'],
    [['-e', 'l => l', '--csv', '--ndjson'], '--ndjson and --csv exclude each other'],
    [['-e', 'l => l', '-j', '0'], "--workers: got '0', expected a whole number from 1 to 1024"],
    [['-e', 'l => l', '--halt', 'later'], "--halt: got 'later', expected as in now,fail=3 or soon,fail=10%"],
    [['-e', 'l => l', '--timeout', 'x'], "--timeout: got 'x', expected a time"],
    [['-e', 'l => l', '-o', 'missing/out'], 'missing/out: No such file or directory'],
  ])('%j: exit code 2, and says why', (args, message) => {
    const { code, err, out } = map(args as string[], 'a\n');
    expect(err).toContain(message);
    expect(code).toBe(2);
    expect(out).toBe('');
  });

  test('a module without that export: says which it has', () => {
    file('has.mjs', 'export const row = (l) => l;\n');
    const { code, err } = map(['./has.mjs#rows'], 'a\n');
    expect(code).toBe(2);
    expect(err).toContain("has no export 'rows'; its functions are: row. Did you mean 'row'?");
  });
});
