import type { BatchReport } from '../../batch/index.js';
import { formatBytes, formatCount, formatNumber } from '../terminal/format.js';

/** The closing words. */
export function summaryText(report: BatchReport): string {
  const { items, failed, retried, before, bytes, seconds, shares } = report;
  const notes = [
    failed > 0 ? `${formatNumber(failed)} failed` : '',
    retried > 0 ? `${formatNumber(retried)} retried` : '',
    before.items > 0 ? `${formatNumber(before.items)} done before${failedOf(before.failed)}` : '',
  ].filter((note) => note !== '');
  const total = [
    `${formatCount(items, 'item')}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`,
    formatBytes(bytes),
    `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`,
    `${formatNumber(Math.round(items / Math.max(seconds, 1e-3)))} items/s`,
  ].join(', ');
  const lines = shares.map((share, index) => {
    const percent = `${((share.items / Math.max(items, 1)) * 100).toFixed(1)} %`.padStart(7);
    return `  worker ${index + 1}: ${percent}, ${formatCount(share.items, 'item')}, ${formatBytes(share.bytes)}`;
  });
  return [total, ...lines, ''].join('\n');
}

export function summaryJson(report: BatchReport): string {
  return `${JSON.stringify(report)}\n`;
}

function failedOf(failed: number): string {
  return failed > 0 ? `, of which ${formatNumber(failed)} failed` : '';
}
