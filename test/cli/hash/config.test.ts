import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const cwd = scratch('hash-config');
const write = (name: string, content: string) => writeFileSync(join(cwd, name), content);
const hash = (...args: string[]) => leastwork(['hash', ...args], { cwd });

const MD5 = '0cc175b9c0f1b6a831c399e269772661  a\n';
write('a', 'a');
write('list', 'a\n');
write('sums', MD5);
write(
  'leastwork.config.yaml',
  'hash:\n  algorithm: md5\n  quiet: true\n  strict: true\nmap:\n  workers: 1\n',
);

describe('the section hash of the config file', () => {
  it('holds options for each call', () => {
    expect(hash('a')).toMatchObject({ stdout: MD5, stderr: '', code: 0 });
    expect(hash('-c', 'sums')).toMatchObject({ stdout: '', stderr: '', code: 0 });
  });

  it('is beaten by the command line', () => {
    expect(hash('-a', 'sha1', 'a').stdout).toMatch(/^[0-9a-f]{40} {2}a\n$/);
    expect(hash('--no-quiet', 'a').stderr).toContain('1 file');
    expect(hash('-c', '--warn', 'sums').stdout).toBe('a: OK\n');
  });

  it('names files, unless the command line does', () => {
    write('files.json', JSON.stringify({ hash: { 'files-from': 'list', output: 'out', algorithm: 'md5' } }));
    expect(hash('--config', 'files.json').code).toBe(0);
    expect(readFileSync(join(cwd, 'out'), 'utf8')).toBe(MD5);
    expect(hash('--config', 'files.json', '-o', '-', 'list').stdout).toMatch(/ {2}list\n$/);
    expect(hash('--config', 'files.json', '-c', 'sums')).toMatchObject({ stdout: 'a: OK\n', code: 0 });
    expect(existsSync(join(cwd, '-'))).toBe(false);
  });

  it.each([
    ['{"hash":{"algoritm":"md5"}}', "there is no option 'algoritm': did you mean 'algorithm'?"],
    ['{"hasch":{}}', "there is no section 'hasch': did you mean 'hash'?"],
    ['{"hash":{"workers":true}}', 'hash.workers: got true, expected a text or a number'],
    ['{"hash":{"workers":0}}', "wrong.json: hash.workers: got '0', expected a whole number"],
    ['{"hash":{"algorithm":"sha265"}}', "wrong.json: hash.algorithm: unknown algorithm 'sha265'"],
  ])('%s is refused', (content, message) => {
    write('wrong.json', content);
    const { code, stderr } = hash('--config', 'wrong.json', 'a');
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
