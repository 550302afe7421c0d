import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const folder = scratch();
writeFileSync(join(folder, 'hash.mjs'), 'export const one = () => 1;\n');
const REDIS = '--redis=redis://127.0.0.1:1';

/** The one line that says what is wrong. */
function refused(args: readonly string[]): string {
  const { code, stderr, stdout } = leastwork(['work', ...args], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  return (stderr.match(/^leastwork: (.*)$/m) as RegExpMatchArray)[1] as string;
}

it.each([
  [[REDIS], 'no module given: which tasks is this machine to serve?'],
  [
    ['hash.mjs'],
    'no engine given: --redis URL or --postgres URL, or LEASTWORK_REDIS or LEASTWORK_POSTGRES in the environment',
  ],
  [['hash.mjs', REDIS, '--postgres=postgres://h'], '--redis and --postgres exclude each other'],
  [['hash.mjs', REDIS, '--daemon'], '--daemon needs --log-file FILE: nobody would see what it says'],
  [
    ['hash.mjs', REDIS, '--upgrade'],
    '--upgrade needs --pid-file FILE, which names the process to take over from',
  ],
  [
    ['hash.mjs', REDIS, '--workers=8-2'],
    "--workers: got '8-2', expected a number from 1 to 1024, or as in 2-16",
  ],
  [['hash.mjs', REDIS, '--limit=ten'], "--limit: got 'ten', expected as in 100/1s"],
  [
    ['hash.mjs', REDIS, '--limit=99999999999999999999/1s'],
    "--limit: got '99999999999999999999/1s', expected as in 100/1s",
  ],
  [['hash.mjs', REDIS, '--share=0'], "--share: got '0', expected a number from 0.01 to 100"],
  [['hash.mjs', REDIS, '--log-format=xml'], "--log-format: got 'xml', expected text or json"],
  [
    ['hash.mjs', REDIS, '--lock-duration=soon'],
    "--lock-duration: got 'soon', expected a time as in 30, 500ms, 30s, 5m or 1h",
  ],
  [['hash.mjs', REDIS, '--heath-port=1'], "Unknown option '--heath-port': did you mean '--health-port'?"],
  [['./none.mjs', REDIS], './none.mjs: there is no such module'],
  [['', REDIS], 'a module is named by an empty text: is a variable not set?'],
  // What the library finds has the names of the command.
  [
    ['hash.mjs', '--redis=http://user:secret@host'],
    '--redis: got a string that is no such URL, expected a URL as in redis://host:port, or options',
  ],
  [
    ['hash.mjs', '--redis=redis://user:50%secret@host'],
    '--redis: got a URL whose user or password cannot be decoded, expected a % in them as %25, and other special characters as encodeURIComponent has them',
  ],
  [
    ['hash.mjs', REDIS, '--lock-duration=10ms'],
    '--lock-duration: got 10, expected a number from 100 to 2147483647',
  ],
  [['hash.mjs', REDIS, '--name=a b'], "--name: got 'a b', expected letters, digits, _ and -, at most 100"],
])('%j is refused', (args, message) => {
  expect(refused(args)).toBe(message);
});

it('an engine that does not answer ends it, and says so', () => {
  expect(refused(['hash.mjs', REDIS, '--engine-timeout=1s'])).toMatch(
    /^the engine cannot be used: .*ECONNREFUSED/,
  );
});

it('a config file gives options and modules; an unknown one is refused', () => {
  const file = join(folder, 'work.json');
  writeFileSync(file, JSON.stringify({ work: { module: ['./none.mjs'], redis: 'redis://127.0.0.1:1' } }));
  expect(refused(['--config', file])).toMatch(/[\\/]none\.mjs: there is no such module$/);
  writeFileSync(file, JSON.stringify({ work: { modul: ['./none.mjs'] } }));
  expect(refused(['--config', file])).toBe(
    `${file}: work: there is no option 'modul': did you mean 'module'?`,
  );
  const none = join(folder, 'none.yaml');
  expect(refused(['--config', none])).toBe(`${none}: there is no such file`);
});

it('--help explains it', () => {
  const { code, stdout } = leastwork(['work', '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: leastwork work/);
});
