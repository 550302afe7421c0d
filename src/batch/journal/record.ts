/**
 * The lines of a journal: readable text, each with a checksum by which a torn line is recognised.
 * docs/journal.md describes the format.
 */
import { crc32 } from '../../policies/support/crc32.js';

/** First line: names the version of the format. */
export const TITLE = 'leastwork journal 1';

/** Finished lines of an input. */
export interface DoneRange {
  readonly source: number;
  readonly from: number;
  readonly to: number;
  /** Number of the first line, from 1. */
  readonly line: number;
  readonly lines: number;
}

/** A failed item. */
export interface FailedLine {
  readonly source: number;
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly name: string;
  readonly message: string;
}

/** Ranges done since the previous commit, and the totals of the pass. */
export interface Commit {
  readonly done: readonly DoneRange[];
  readonly items: number;
  readonly failed: number;
  /** Bytes of the output, and of the file of failed items. */
  readonly output: number;
  readonly errors: number;
}

/** Longest message kept, in characters. */
const MOST_MESSAGE = 200;

/** One line with its checksum and its end. */
export function lineOf(text: string): string {
  return `${text} #${sumOf(text)}\n`;
}

/** Text of a line; `undefined` if the checksum does not match. */
export function textOf(line: string): string | undefined {
  const match = /^(.*) #([0-9a-f]{8})$/s.exec(line);
  if (match === null) return undefined;
  const [, text, sum] = match as unknown as [string, string, string];
  return sumOf(text) === sum ? text : undefined;
}

export function commitText({ done, items, failed, output, errors }: Commit): string {
  const ranges = done.map(({ source, from, to, line, lines }) => `${source}:${from}-${to}@${line}/${lines}`);
  return `commit ${ranges.join(',')} items=${items} failed=${failed} output=${output} errors=${errors}`;
}

/** @returns undefined where it is no commit */
export function parseCommit(text: string): Commit | undefined {
  const match = /^commit (\S*) items=(\d+) failed=(\d+) output=(\d+) errors=(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [items, failed, output, errors] = match.slice(2).map(Number) as [number, number, number, number];
  const done = (match[1] as string)
    .split(',')
    .filter((range) => range !== '')
    .map((range) => {
      const [source, from, to, line, lines] = range.split(/[:\-@/]/).map(Number) as [
        number,
        number,
        number,
        number,
        number,
      ];
      return { source, from, to, line, lines };
    });
  return { done, items, failed, output, errors };
}

export function failText({ source, from, to, line, name, message }: FailedLine): string {
  const short = JSON.stringify(`${name}: ${message}`.slice(0, MOST_MESSAGE));
  return `fail ${source}:${from}-${to}@${line} ${short}`;
}

/** @returns undefined where it is none */
export function parseFail(text: string): FailedLine | undefined {
  const match = /^fail (\d+):(\d+)-(\d+)@(\d+) (".*")$/s.exec(text);
  if (match === null) return undefined;
  const [source, from, to, line] = match.slice(1, 5).map(Number) as [number, number, number, number];
  const [name, message] = (JSON.parse(match[5] as string) as string).split(/: (.*)/s, 2) as [string, string?];
  return { source, from, to, line, name, message: message ?? '' };
}

/** CRC-32 in 8 hexadecimal digits. */
function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
