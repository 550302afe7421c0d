import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { leastwork, MAIN } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('map');
const write = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content);

write('leastwork', `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
spawnSync('chmod', ['+x', join(directory, 'leastwork')]);
write('events.jsonl', '{"id":1}\n{"id":"two"}\n');
write('events.jsonl.gz', gzipSync('{"id":1,"time":"2026-01-02T03:04:05Z"}\n'));
write('one.txt', `short\n${'long '.repeat(20)}\n`);
write('book.txt', 'call me\nIshmael\n');
write('text.js', 'exports.words = (line) => line.split(" ");\n');
write('people.csv', 'name,mail\nAda,ada@example.com\n');
write('big.jsonl', '[1,2]\nbad\n[3]\n');
write('parse.js', 'exports.row = (line) => JSON.parse(line).length;\n');

const help = leastwork(['map', '--help'], { cwd: directory });
const examples = help.stdout
  .slice(help.stdout.indexOf('Examples:'), help.stdout.indexOf('Input:'))
  .match(/^ {2}leastwork map.*?(?= {2,}|$)/gm) as string[];

/** What each example prints, or writes to a file, and its exit code. */
const expected: [output: string, code: number, file?: string][] = [
  ['1\ntwo\n', 0],
  [`${'long '.repeat(20)}\n`, 0],
  ['call\nme\nIshmael\n', 0],
  ['{"id":1,"time":"2026-01-02T03:04:05Z","day":"2026-01-02"}\n', 0, 'days.jsonl'],
  ['Ada: ada@example.com\n', 0],
  ['2\n1\n', 1, 'rows.jsonl'],
];

test('six examples', () => {
  expect(help.code).toBe(0);
  expect(examples.length).toBe(expected.length);
});

test.each(expected.map((each, i) => [examples[i] as string, ...each] as const))(
  '%s',
  (example, output, code, file) => {
    const env = { ...process.env, PATH: `${directory}${delimiter}${process.env.PATH}` };
    const ran = spawnSync('bash', ['-c', example], { cwd: directory, encoding: 'utf8', env });
    expect(ran.status).toBe(code);
    expect(file === undefined ? ran.stdout : readFileSync(join(directory, file), 'utf8')).toBe(output);
    expect(ran.stderr).toMatch(/^\d+ items?.* items\/s\n {2}worker 1: /);
  },
);
