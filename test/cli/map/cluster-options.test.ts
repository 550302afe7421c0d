import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const folder = scratch('map-cluster-options-');
writeFileSync(join(folder, 'list'), '1\n');
const REDIS = '--redis=redis://127.0.0.1:1';
const FUNCTION = './parse.js#row';

/** The one line that says what is wrong. */
function refused(...args: string[]): string {
  const { code, stderr, stdout } = leastwork(['map', ...args, 'list'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  return (stderr.match(/^leastwork: (.*)$/m) as RegExpMatchArray)[1] as string;
}

test.each([
  [
    ['-e', 'l => l', REDIS],
    '-e does not work with --redis: an inline function cannot leave this process: put it into a module that the machines serve, and name it as in ./parse.js#row',
  ],
  [
    [FUNCTION, REDIS, '-j', '2'],
    '--workers does not work with --redis: each machine has threads of its own: leastwork work --workers',
  ],
  [
    [FUNCTION, '--postgres=postgres://h', '--preload', './x.js'],
    '--preload does not work with --postgres: the machines load modules: leastwork work --preload',
  ],
  [
    [FUNCTION, REDIS, '--env', 'A=1'],
    '--env does not work with --redis: the machines have environments of their own: leastwork work --env',
  ],
  [
    [FUNCTION, REDIS, '--max-memory', '100'],
    '--max-memory does not work with --redis: it is an option of each machine: leastwork work --max-memory',
  ],
  [
    [FUNCTION, REDIS, '--trace', 'file'],
    '--trace does not work with --redis: the threads are on other machines',
  ],
  [
    [FUNCTION, REDIS, '--dashboard'],
    '--dashboard does not work with --redis: the threads are on other machines',
  ],
  [[FUNCTION, REDIS, '--postgres=postgres://h'], '--redis and --postgres exclude each other'],
  [[FUNCTION, '--redis='], '--redis: its value is missing'],
  [[FUNCTION, '--name=a'], '--name needs --redis URL, --postgres URL or --cluster'],
  [[FUNCTION, '--cluster'], '--cluster needs LEASTWORK_REDIS or LEASTWORK_POSTGRES in the environment'],
  [
    [FUNCTION, REDIS, '--machine-timeout=soon'],
    "--machine-timeout: got 'soon', expected a time as in 30, 500ms, 30s, 5m or 1h",
  ],
  [
    [FUNCTION, '--redis=redis://127.0.0.1/abc'],
    "--redis: got a URL whose path is '/abc', expected the number of a database as its path, as in redis://host:6379/2, or none",
  ],
])('%j is refused', (args, message) => {
  expect(refused(...args)).toBe(message);
});

test('an engine that does not answer ends it, and the journal is kept', () => {
  writeFileSync(join(folder, 'kept.cjs'), 'exports.row = (line) => line;\n');
  const files = ['-o', 'out', '--journal', 'journal'];
  const run = (...args: string[]) =>
    leastwork(['map', './kept.cjs#row', ...files, 'list', ...args], { cwd: folder });
  const there = [REDIS, '--engine-timeout=1s', '--resume'];
  const kept = /^leastwork: what is done is kept: run the same command with --resume to go on$/m;
  const { code, stderr } = run(...there);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^leastwork: the engine cannot be used: .*ECONNREFUSED/m);
  // Nothing has begun.
  expect(stderr).not.toMatch(kept);
  expect(run().code).toBe(0);
  expect(run(...there).stderr).toMatch(kept);
});

test('a config file names the cluster; the command line wins over it, and over what it says of threads', () => {
  const config = join(folder, 'config.json');
  const withConfig = (map: object): void => writeFileSync(config, JSON.stringify({ map }));
  const given = ['--config', config];
  withConfig({ redis: 'redis://127.0.0.1/abc' });
  expect(refused(FUNCTION, ...given)).toContain("a URL whose path is '/abc'");
  expect(refused('-e', 'l => l', ...given)).toMatch(/^-e does not work with --redis: /);
  const here = leastwork(['map', '-e', 'l => l', ...given, '--no-cluster', 'list'], { cwd: folder });
  expect(here).toMatchObject({ code: 0, stdout: '1\n' });
  withConfig({ workers: 2, postgres: 'postgres://h' });
  expect(refused(FUNCTION, ...given, '--redis=redis://h/x')).toContain("a URL whose path is '/x'");
});
