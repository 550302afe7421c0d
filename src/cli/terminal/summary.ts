import { formatBytes, formatCount, formatRate } from './format.js';
import type { Tally, WorkShare } from './tally.js';

/**
 * The summary at the end: files, bytes, seconds, rate, and the share of each worker. For small files the main
 * thread is one of the workers.
 *
 * `seconds`: wall time. `workers`: their number, including those that had nothing to do.
 */
export function summary(tally: Tally, seconds: number, workers: number): string {
  const { files, bytes, unread } = tally;
  const total = [
    `${formatCount(files, 'file')}${unread > 0 ? ` (and ${formatCount(unread, 'file')} unread)` : ''}`,
    formatBytes(bytes),
    `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`,
    formatRate(bytes, seconds),
  ].join(', ');
  const shares = tally.shares();
  const line = (who: string, share: WorkShare) => {
    const part = bytes > 0 ? share.bytes / bytes : share.files / Math.max(files, 1);
    const percent = `${(part * 100).toFixed(1)} %`.padStart(7);
    return `  ${who}: ${percent}, ${formatCount(share.files, 'file')}, ${formatBytes(share.bytes)}`;
  };
  const lines = shares.map((share, index) => line(`worker ${index + 1}`, share));
  const main = tally.mainShare();
  if (main) lines.push(line('main thread', main));
  const idle = workers - lines.length;
  if (idle > 0) lines.push(`  ${formatCount(idle, 'worker')} had nothing to do`);
  return [total, ...lines, ''].join('\n');
}
