import { once } from 'node:events';
import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { expect, it } from 'vitest';
import { Places } from '../../../dist/src/cli/files/places.js';
import { walk } from '../../../dist/src/cli/files/walk.js';
import { formatBytes, formatCount, formatDuration } from '../../../dist/src/cli/terminal/format.js';
import { countInto, progressLine, showProgress } from '../../../dist/src/cli/terminal/progress.js';
import { makeOddTree } from '../../support/odd-names.js';
import { scratch } from '../../support/scratch.js';

/** A stream that pretends to be a terminal and keeps its output. */
function terminal() {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      stream.emit('written');
      done();
    },
  });
  Object.assign(stream, { isTTY: true, columns: 120, getWindowSize: () => [120, 40] });
  return { stream: stream as unknown as WriteStream, text: () => text };
}

it('shows files, bytes, rate and time left', () => {
  const totals = { files: 20_000, bytes: 200e6, complete: true };
  expect(progressLine(totals, { files: 5_000, bytes: 50e6 }, 2)).toBe(
    '5,000 of 20,000 files, 50.0 MB of 200 MB, 25.0 MB/s, 6 s left',
  );
});

it('shows what is known while the totals are not', () => {
  const totals = { files: 7, bytes: 8, complete: false };
  expect(progressLine(totals, { files: 1, bytes: 1_500 }, 1)).toBe('1 file, 1.5 KB, 0.0 MB/s');
});

it('draws a bar, and gives the terminal back as it was', async () => {
  const { stream, text } = terminal();
  const totals = { files: 2, bytes: 100, complete: true };
  const progress = await showProgress(stream, totals, () => ({ files: 1, bytes: 50 }));
  while (!text().includes('1 of 2 files')) await once(stream, 'written');
  expect(text()).toMatch(/█{10}░{10} 1 of 2 files, 50 B of 100 B, /);
  progress.stop();
  progress.stop();
  const after = text();
  // Line wrapping is on again, and the bar is cleared.
  expect(after.lastIndexOf('\x1b[?7h')).toBeGreaterThan(after.lastIndexOf('\x1b[?7l'));
  expect(after.endsWith('\x1b[0J')).toBe(true);
});

it('counts a tree in the background', async () => {
  const directory = scratch();
  makeOddTree(directory);
  const totals = { files: 0, bytes: 0, complete: false };
  const places = new Places();
  const files = walk([directory, '/proc/version'], places, { onError() {} });
  await countInto(totals, files, places, new AbortController().signal);
  expect(totals).toEqual({ files: 45, bytes: 2 * 1000 * ((21 * 22) / 2), complete: true });
});

it('stops counting when told to', async () => {
  const stop = new AbortController();
  const totals = { files: 0, bytes: 0, complete: false };
  async function* endless() {
    for (;;) yield { path: '/', regular: true };
  }
  const counting = countInto(totals, endless(), new Places(), stop.signal);
  stop.abort();
  await counting;
  expect(totals.complete).toBe(false);
});

it('writes numbers for people', () => {
  expect([0, 999, 1000, 99_949, 99_950, 999_499, 999_500, 1.5e12].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 KB',
    '99.9 KB',
    '100 KB',
    '999 KB',
    '1.0 MB',
    '1.5 TB',
  ]);
  expect([0, 1, 1234567].map((n) => formatCount(n, 'file'))).toEqual([
    '0 files',
    '1 file',
    '1,234,567 files',
  ]);
  expect([0, 59.1, 61, 3599, 3661].map(formatDuration)).toEqual(['0 s', '1:00', '1:01', '59:59', '1:01:01']);
});
