/** Where it is said why a machine could not start, and of which option. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { finish, leastwork, MAIN } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const folder = scratch('start-failures-');
writeFileSync(join(folder, 'hash.mjs'), 'export const one = () => 1;\n');
const NOWHERE = ['--redis=redis://127.0.0.1:1', '--engine-timeout=1s'];
const WHY = /^the engine cannot be used: .*ECONNREFUSED/;

const work = (args: readonly string[], variables: NodeJS.ProcessEnv = {}) =>
  finish(process.execPath, [MAIN, 'work', 'hash.mjs', '--workers=1', ...args], {
    cwd: folder,
    env: { ...process.env, ...variables },
  });

/** The one line that says what is wrong. */
const saidOf = (stderr: string): string => /^leastwork: (.*)$/m.exec(stderr)?.[1] ?? '';

test('the log file says it, and standard error', () => {
  const log = join(folder, 'log');
  const { code, stderr } = work([...NOWHERE, '--log-file', log, '--log-format=json']);
  expect(code).toBe(2);
  expect(saidOf(stderr)).toMatch(WHY);
  const last = JSON.parse(readFileSync(log, 'utf8').trim().split('\n').at(-1) as string);
  expect(last).toMatchObject({
    level: 'error',
    message: 'could not start',
    error: expect.stringMatching(WHY),
  });
});

test('with JSON on standard error it is one of the lines', () => {
  const { code, stderr } = work([...NOWHERE, '--log-format=json']);
  expect(code).toBe(2);
  const lines = stderr.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['starting', 'could not start']);
});

test('in the background the log has it once, and the command says it', () => {
  const log = join(folder, 'daemon');
  const { code, stderr } = work([...NOWHERE, '--daemon', '--log-file', log]);
  expect(code).toBe(2);
  expect(saidOf(stderr)).toMatch(WHY);
  expect(readFileSync(log, 'utf8')).toMatch(
    / starting .*\n\S+ error could not start error=.*ECONNREFUSED.*\n$/,
  );
});

test('an option that the library refuses is named where it stands', () => {
  const config = join(folder, 'work.json');
  writeFileSync(config, '{ "work": { "lock-duration": "10ms", "redis": "redis://127.0.0.1:1" } }');
  const refused = 'got 10, expected a number from 100 to 2147483647';
  expect(saidOf(work(['--config', config]).stderr)).toBe(`${config}: work.lock-duration: ${refused}`);
  expect(saidOf(work(['--config', config, '--lock-duration=10ms']).stderr)).toBe(
    `--lock-duration: ${refused}`,
  );
  const { stderr } = work([], { LEASTWORK_REDIS: 'http://secret@host' });
  expect(saidOf(stderr)).toBe(
    'LEASTWORK_REDIS: got a string that is no such URL, expected a URL as in redis://host:port, or options',
  );
});

test('the same of `leastwork map`', () => {
  const config = join(folder, 'map.json');
  writeFileSync(config, '{ "map": { "name": "a:b", "redis": "redis://127.0.0.1:1" } }');
  const map = ['map', join(folder, 'hash.mjs#one')];
  expect(saidOf(leastwork([...map, '--config', config], { input: '1\n' }).stderr)).toBe(
    `${config}: map.name: got 'a:b', expected letters, digits, _ and -, at most 100`,
  );
  const { stderr } = finish(process.execPath, [MAIN, ...map, '--cluster'], {
    input: '1\n',
    env: { ...process.env, LEASTWORK_REDIS: 'http://secret@host' },
  });
  expect(saidOf(stderr)).toMatch(/^LEASTWORK_REDIS: got a string that is no such URL/);
});

test('a module that Node takes for CommonJS: what to do is said', () => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  writeFileSync(join(folder, 'module.js'), 'export const f = () => 1;\n');
  const { stderr } = work(['./module.js', '--dry-run', ...NOWHERE]);
  expect(stderr).toContain('It is an ES module in a package of CommonJS: name it .mjs');
});
