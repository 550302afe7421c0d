import { statSync } from 'node:fs';
import { clearLine, cursorTo } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { type ByteString, toBytes } from '../files/bytes.js';
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

/** A progress bar at the bottom of a terminal. */
export interface Progress {
  /** Clears the bar's line for other output. The next redraw puts the bar below that output. */
  clear(): void;
  /** Removes the bar for good and restores the terminal. */
  stop(): void;
}

/** Shows the progress that `done` returns until it is stopped. Does not keep the process alive for long. */
export async function showProgress(stream: WriteStream, totals: Totals, done: () => Done): Promise<Progress> {
  // Loaded only with a terminal: it takes 10 ms.
  const { MultiBar } = (await import('cli-progress')).default;
  // Not SingleBar, which moves the cursor back to where the bar began, over other output printed since.
  const bars = new MultiBar({
    stream,
    format: '{bar} {line}',
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    forceRedraw: true,
    emptyOnZero: true,
  });
  const started = performance.now();
  const bar = bars.create(1, 0, { line: '' });
  bars.on('redraw-pre', () => {
    const now = done();
    bar.setTotal(totals.complete ? Math.max(totals.bytes, now.bytes, 1) : Number.MAX_SAFE_INTEGER);
    bar.update(now.bytes, { line: progressLine(totals, now, (performance.now() - started) / 1000) });
  });
  return {
    clear() {
      cursorTo(stream, 0);
      clearLine(stream, 0);
    },
    stop() {
      if (!bars.isActive) return;
      bars.stop();
    },
  };
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
  paths: Iterable<ByteString> | AsyncIterable<ByteString>,
  signal: AbortSignal,
): Promise<void> {
  let sliceEnd = performance.now() + SLICE;
  for await (const path of paths) {
    if (signal.aborted) return;
    totals.files++;
    try {
      totals.bytes += statSync(toBytes(path), { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      // Hashing it will report the error.
    }
    if (performance.now() < sliceEnd) continue;
    await setImmediate();
    sliceEnd = performance.now() + SLICE;
  }
  totals.complete = true;
}
