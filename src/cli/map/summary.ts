import type { BatchReport, FirstFailure } from '../../batch/index.js';
import { formatBytes, formatCount, formatNumber } from '../terminal/format.js';

/** Characters of an error that are shown. */
const MOST_MESSAGE = 200;

/** The closing words. @param errors the file of failed items */
export function summaryText(report: BatchReport, errors: string | undefined): string {
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
  return [total, ...lines, ...failureLines(report, errors), ''].join('\n');
}

/** Why the first item has failed, and where all are. */
function failureLines({ firstFailure }: BatchReport, errors: string | undefined): string[] {
  if (firstFailure === undefined) return [];
  const all = errors === undefined ? '--errors FILE would tell all' : `all: ${errors}`;
  return [`  failed: ${failureText(firstFailure)} (${all})`];
}

/** One line: which item has failed, and why. */
export function failureText({ file, line, name, message }: FirstFailure): string {
  const where = file === undefined ? `line ${line}` : `${file}: line ${line}`;
  return `${where}: ${shown(`${name}: ${message}`)}`;
}

/** One line, of a message that anything may be in. */
function shown(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  return line.length > MOST_MESSAGE ? `${line.slice(0, MOST_MESSAGE)}…` : line;
}

export function summaryJson(report: BatchReport): string {
  return `${JSON.stringify(report)}\n`;
}

function failedOf(failed: number): string {
  return failed > 0 ? `, of which ${formatNumber(failed)} failed` : '';
}
