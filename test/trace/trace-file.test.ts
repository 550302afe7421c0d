import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MOST_EVENT_BYTES, TraceFile } from '../../dist/src/trace/trace-file.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';

const PAGE = 4096;

it('has no event across the border of two pages, however it was flushed', () => {
  const path = join(scratch(), 'trace.json');
  const file = new TraceFile(path);
  const lengths = Array.from({ length: 2_000 }, (_, i) =>
    i % 97 === 0 ? MOST_EVENT_BYTES : 20 + ((i * 37) % 300),
  );
  for (const [i, length] of lengths.entries()) {
    file.add(`"${String(i).padEnd(length - 2, '.')}"`);
    if (i % 13 === 0) file.flush();
  }
  file.close();
  const written = readFileSync(path, 'latin1');
  expect(JSON.parse(written)).toHaveLength(lengths.length);
  // What a kill in the middle of a write leaves: whole pages.
  for (let end = PAGE; end < written.length; end += PAGE) {
    expect(() => JSON.parse(`${written.slice(0, end)}]`)).not.toThrow();
  }
});

const hasPipes = process.platform !== 'win32';

it.runIf(hasPipes)('that is a pipe nobody reads is refused, and does not block the thread', () => {
  const path = join(scratch(), 'pipe');
  execFileSync('mkfifo', [path]);
  const program = `
    import { TraceFile } from ${JSON.stringify(new URL('../../dist/src/trace/trace-file.js', import.meta.url).href)};
    try { new TraceFile(process.argv[1]); } catch (error) { console.log(error.message); }`;
  const args = ['--input-type=module', '-e', program, path];
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  expect(stdout).toBe('it is a pipe that nobody reads\n');
});

it.runIf(hasPipes)(
  'may be a pipe: its reader gets all of it, also what is more than the pipe holds',
  async () => {
    const folder = scratch();
    const path = join(folder, 'pipe');
    const copy = join(folder, 'copy');
    execFileSync('mkfifo', [path]);
    // Into a file: this thread, which would have to read a stream, waits while it writes to the pipe.
    const output = openSync(copy, 'w');
    const reader = spawn('cat', [path], { stdio: ['ignore', output, 'inherit'] });
    const ended = once(reader, 'close');
    closeSync(output);
    let file: TraceFile | undefined;
    await until(() => {
      try {
        file = new TraceFile(path);
        return true;
      } catch {
        return false;
      }
    });
    // One pipe holds 64 KB.
    for (let i = 0; i < 20_000; i++) file?.add(JSON.stringify({ name: 'x'.repeat(100), i }));
    file?.close();
    await ended;
    expect(JSON.parse(readFileSync(copy, 'utf8'))).toHaveLength(20_000);
  },
);
