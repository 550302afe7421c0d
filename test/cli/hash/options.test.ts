import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { leastwork } from '../../support/command.js';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

it.each([[['--help']], [['-h']]])('%j lists the commands', (args) => {
  const ran = leastwork(args);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toMatch(/^Usage: leastwork COMMAND/);
  expect(ran.stdout).toMatch(/^ {2}hash /m);
});

it.each([[['hash', '--help']], [['hash', '-h', '--workers', '1']]])('%j describes every option', (args) => {
  const ran = leastwork(args);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  for (const option of [
    'output',
    'algorithm',
    'workers',
    'check',
    'quiet',
    'ignore-missing',
    'status',
    'strict',
    'warn',
  ]) {
    expect(ran.stdout).toContain(`--${option} `);
  }
});

it.each([[['--version']], [['hash', '--version']]])('%j prints the version', (args) => {
  expect(leastwork(args)).toMatchObject({ code: 0, stdout: `leastwork ${version}\n`, stderr: '' });
});

it.each([
  [[], 'no command given'],
  [['nosuch'], "unknown command 'nosuch'"],
  [['toString'], "unknown command 'toString'"],
  [['hash', '--nosuch'], "Unknown option '--nosuch'"],
  [['hash', '--workers', '0', '.'], "--workers: got '0', expected a whole number from 1 to 1024"],
  [['hash', '--workers', '1.5', '.'], "--workers: got '1.5'"],
  [['hash', '--workers', '', '.'], "--workers: got ''"],
  [['hash', '--workers', '9999', '.'], "--workers: got '9999'"],
  [['hash', '--output', '', '.'], '--output: the name of a file is missing'],
  [['hash', '--output'], "Option '-o, --output <value>' argument missing"],
  [['hash', '--check', '--output', 'x', 'y'], '--output is of no use with --check'],
  [['hash', '--strict', '.'], '--strict is meaningful only with --check'],
  [['hash', '--ignore-missing', '.'], '--ignore-missing is meaningful only with --check'],
  [
    ['hash', '--algorithm', 'sha265', '.'],
    "--algorithm: unknown algorithm 'sha265'; near it are: sha224, sha256",
  ],
  [
    ['hash', '--algorithm', 'blake', '.'],
    "--algorithm: unknown algorithm 'blake'; near it are: blake2b512, blake2s256",
  ],
  [['hash', '--algorithm', '', '.'], "--algorithm: unknown algorithm ''"],
])('%j is refused with a hint', (args, message) => {
  const ran = leastwork(args as string[]);
  expect(ran).toMatchObject({ code: 1, stdout: '' });
  expect(ran.stderr.startsWith(`leastwork: ${message}`)).toBe(true);
  expect(ran.stderr).toMatch(/\nTry 'leastwork (hash )?--help' for more information\.\n$/);
});
