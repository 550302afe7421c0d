import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../dist/src/cli/arguments.js';
import { WATCH_OPTIONS, watchOptions, withOptionalPort } from '../../dist/src/cli/watch-options.js';
import { ended, leastwork, start } from '../support/command.js';
import { scratch } from '../support/scratch.js';
import { eventsOf, runsOf } from '../trace/events.js';

const folder = scratch('watch');
writeFileSync(join(folder, 'lines.txt'), 'a\nbb\nccc\n');
writeFileSync(join(folder, 'row.mjs'), 'export const row = (line) => line.length;\n');
const inFolder = (name: string) => join(folder, name);

describe.each([
  ['map', ['map', '--quiet', '-e', 'line => line.length', 'lines.txt'], '(anonymous)'],
  ['map of a module', ['map', '--quiet', './row.mjs#row', 'lines.txt'], 'row.mjs#row'],
  ['hash', ['hash', '--quiet', 'lines.txt'], 'hash-task.js#hashFiles'],
])('%s', (name, args, task) => {
  test('writes a trace and a profile of each thread', () => {
    const watched = ['--trace', `${name}.json`, '--cpu-prof', `${name}-profiles`, '-j', '2'];
    const plain = leastwork(args, { cwd: folder });
    const { code, stdout, stderr } = leastwork([...args, ...watched], { cwd: folder });
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: plain.stdout, stderr: '' });
    expect(runsOf(eventsOf(inFolder(`${name}.json`))).map((run) => run.name)).toContain(task);
    const profiles = readdirSync(inFolder(`${name}-profiles`));
    expect(profiles).toEqual(['leastwork.worker-1.cpuprofile', 'leastwork.worker-2.cpuprofile']);
    const { samples } = JSON.parse(readFileSync(inFolder(`${name}-profiles/${profiles[0]}`), 'utf8'));
    expect(samples.length).toBeGreaterThan(0);
  });

  test('says what is wrong', () => {
    const { code, stderr } = leastwork([...args, '--trace', 'none/a.json'], { cwd: folder });
    expect(stderr).toMatch(/it cannot have the file 'none\/a.json': ENOENT/);
    expect(code).not.toBe(0);
    const { code: other, stderr: said } = leastwork([...args, '--cpu-prof', 'lines.txt'], { cwd: folder });
    expect(said).toMatch(/^leastwork: --cpu-prof lines\.txt: /);
    expect(other).not.toBe(0);
  });
});

test.each([
  [['--trace='], '--trace: its value is missing'],
  [['--dashboard=x'], "--dashboard: got 'x', expected a port, a whole number from 0 to 65535"],
  [['--dashboard', '70000'], "--dashboard: got '70000', expected a port, a whole number from 0 to 65535"],
] as const)('%j is a wrong command line', (args, message) => {
  expect(() => watchOptions(parseCommandLine(withOptionalPort(args), WATCH_OPTIONS).values)).toThrow(message);
});

test('a port that follows --dashboard belongs to it, a FILE does not', () => {
  const parse = (...args: string[]) => parseCommandLine(withOptionalPort(args), WATCH_OPTIONS);
  expect(watchOptions(parse('--dashboard', '80', 'a').values).dashboard).toBe(80);
  expect(watchOptions(parse('--dashboard').values).dashboard).toBe('any');
  const before = parse('--dashboard', 'a');
  expect(watchOptions(before.values).dashboard).toBe('any');
  expect(before.positionals).toEqual(['a']);
  expect(parse('--', '--dashboard').positionals).toEqual(['--dashboard']);
});

test('the dashboard is there while the command runs; it may stand before a FILE', async () => {
  const child = start(['map', '--quiet', '-e', 'line => line', '--dashboard', '-'], folder);
  const [, url] = await new Promise<RegExpExecArray>((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      const match = /dashboard: (http:\S+)/.exec(chunk);
      if (match !== null) resolve(match);
    });
  });
  const page = await new Promise<string>((resolve) => {
    get(url as string, (response) => void text(response).then(resolve));
  });
  expect(page).toContain('<title>leastwork</title>');
  child.stdin?.end('a\n');
  expect(await ended(child)).toEqual({ code: 0, signal: null });
});
