import { clearLine, cursorTo } from 'node:readline';
import type { WriteStream } from 'node:tty';
import type { BatchProgress } from '../../batch/index.js';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../terminal/format.js';

/** A progress bar at the bottom of a terminal. */
export interface Bar {
  /** Clears the bar's line, for other output; the bar comes back by itself below it. */
  clear(): void;
  stop(): void;
}

export async function showBar(stream: WriteStream, progress: BatchProgress): Promise<Bar> {
  // Loaded only here, since it costs 10 ms that nobody should pay without a terminal.
  const { MultiBar } = (await import('cli-progress')).default;
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
  const bar = bars.create(progress.totalBytes ?? Number.MAX_SAFE_INTEGER, 0, { line: '' });
  bars.on('redraw-pre', () => {
    bar.update(progress.bytes, { line: barLine(progress, (performance.now() - started) / 1000) });
  });
  return {
    clear() {
      cursorTo(stream, 0);
      clearLine(stream, 0);
    },
    stop() {
      if (bars.isActive) bars.stop();
    },
  };
}

/** As in `120,000 items, 3 failed, 12.3 MB of 201 MB, 45,000 items/s, 12 s left`. */
export function barLine(progress: BatchProgress, seconds: number): string {
  const { items, failed, bytes, totalBytes } = progress;
  const parts = [formatCount(items, 'item')];
  if (failed > 0) parts.push(`${formatNumber(failed)} failed`);
  parts.push(
    totalBytes === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
  );
  parts.push(`${formatNumber(Math.round(items / Math.max(seconds, 1e-3)))} items/s`);
  if (totalBytes !== undefined && bytes > 0) {
    parts.push(`${formatDuration((Math.max(totalBytes - bytes, 0) * seconds) / bytes)} left`);
  }
  return parts.join(', ');
}
