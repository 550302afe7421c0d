import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { type ByteString, toPath } from '../files/bytes.js';
import type { Places } from '../files/places.js';
import type { FoundFiles } from '../hash/inputs.js';
import { type Bar, showBar } from './bar.js';
import { formatBytes, formatCount, formatDuration, formatNumber, formatRate } from './format.js';

/** Files and bytes found so far; `complete` once the search has ended. */
export interface Totals {
  files: number;
  bytes: number;
  complete: boolean;
}

/** Files and bytes hashed so far. */
export interface Done {
  readonly files: number;
  readonly bytes: number;
}

/** Shows the progress that `done` returns until it is stopped. */
export function showProgress(stream: WriteStream, totals: Totals, done: () => Done): Promise<Bar> {
  return showBar(stream, (seconds) => {
    const now = done();
    const total = totals.complete ? totals.bytes : undefined;
    return { done: now.bytes, total, line: progressLine(totals, now, seconds) };
  });
}

/**
 * A text like `1,200 of 20,000 files, 12.3 MB of 201 MB, 834.1 MB/s, 1 s left`; totals only once complete.
 */
export function progressLine(totals: Totals, done: Done, seconds: number): string {
  const parts = totals.complete
    ? [
        `${formatNumber(done.files)} of ${formatCount(totals.files, 'file')}`,
        `${formatBytes(done.bytes)} of ${formatBytes(totals.bytes)}`,
      ]
    : [formatCount(done.files, 'file'), formatBytes(done.bytes)];
  parts.push(formatRate(done.bytes, seconds));
  if (totals.complete && done.bytes > 0) {
    const left = (Math.max(totals.bytes - done.bytes, 0) * seconds) / done.bytes;
    parts.push(`${formatDuration(left)} left`);
  }
  return parts.join(', ');
}

/** How long counting may occupy the main thread at a time, in ms. */
const SLICE = 5;

/** Adds up files and their sizes while the files are being hashed, in short slices between other work. */
export async function countInto(
  totals: Totals,
  files: FoundFiles,
  places: Places,
  signal: AbortSignal,
): Promise<void> {
  let sliceEnd = performance.now() + SLICE;
  for await (const item of files) {
    for (const file of Symbol.iterator in item ? item : [item]) {
      if (signal.aborted) return;
      totals.files++;
      totals.bytes += file.regular ? sizeNow(file.path) : await sizeLater(file.path, places);
      if (performance.now() < sliceEnd) continue;
      await setImmediate();
      sliceEnd = performance.now() + SLICE;
    }
  }
  totals.complete = true;
}

function sizeNow(path: ByteString): number {
  try {
    return statSync(toPath(path), { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // Hashing it will report the error.
    return 0;
  }
}

/** Of a file that may be where the main thread must not wait. */
async function sizeLater(path: ByteString, places: Places): Promise<number> {
  const { stats } = places.known(path) ?? (await places.find(path));
  return stats?.size ?? 0;
}
