import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  commitText,
  failText,
  lineOf,
  parseCommit,
  parseFail,
  textOf,
} from '../../dist/src/batch/journal/record.js';
import { mergeRanges } from '../../dist/src/batch/journal/state.js';

const natural = fc.nat(2 ** 40);
const range = fc.record({ source: fc.nat(9), from: natural, to: natural, line: natural, lines: natural });

test('the checksum is the CRC-32 of zlib, whatever the length', () => {
  for (const text of ['', 'abc', 'é€😀\ud800', 'é'.repeat(20_000), 'x'.repeat(70_000)])
    expect(lineOf(text)).toBe(`${text} #${zlib.crc32(text).toString(16).padStart(8, '0')}\n`);
});

describe('records', () => {
  test('are read as they were written', () => {
    const totals = { items: natural, failed: natural, output: natural, errors: natural };
    fc.assert(
      fc.property(fc.record({ done: fc.array(range), ...totals }), (commit) => {
        expect(parseCommit(textOf(lineOf(commitText(commit)).slice(0, -1)) as string)).toEqual(commit);
      }),
    );
    fc.assert(
      fc.property(
        range,
        fc.string({ unit: 'binary', maxLength: 50 }),
        ({ source, from, to, line }, message) => {
          const failed = { source, from, to, line, name: 'TypeError', message };
          expect(parseFail(textOf(lineOf(failText(failed)).slice(0, -1)) as string)).toEqual(failed);
        },
      ),
    );
  });

  test('that are torn anywhere, or have one other character, are none', () => {
    const line = lineOf(commitText({ done: [], items: 1, failed: 0, output: 20, errors: 0 })).slice(0, -1);
    for (let i = 0; i < line.length; i++) {
      expect(textOf(line.slice(0, i))).toBeUndefined();
      expect(textOf(`${line.slice(0, i)}~${line.slice(i + 1)}`)).toBeUndefined();
    }
    expect(textOf('\0'.repeat(40))).toBeUndefined();
  });
});

test('ranges that follow each other are joined, in whatever order they come', () => {
  const parts = [0, 1, 2, 3, 5, 6].map((i) => ({
    source: 0,
    from: i * 10,
    to: i * 10 + 10,
    line: i + 1,
    lines: 1,
  }));
  fc.assert(
    fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (shuffled) => {
      expect(mergeRanges(shuffled)).toEqual([
        { source: 0, from: 0, to: 40, line: 1, lines: 4 },
        { source: 0, from: 50, to: 70, line: 6, lines: 2 },
      ]);
    }),
  );
});
