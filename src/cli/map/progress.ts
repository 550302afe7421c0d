import type { WriteStream } from 'node:tty';
import type { BatchProgress } from '../../batch/index.js';
import { type Bar, showBar } from '../terminal/bar.js';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../terminal/format.js';

/** Shows the progress of a batch until it is stopped. */
export function showBatchProgress(stream: WriteStream, progress: BatchProgress): Promise<Bar> {
  return showBar(stream, (seconds) => {
    return { done: progress.bytes, total: progress.totalBytes, line: barLine(progress, seconds) };
  });
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
