import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineEnds } from '../../dist/src/batch/input/line-ends.js';

/** By a simple automaton: the positions after all line ends. A quote opens at the beginning of a field. */
function endsOf(text: string, format: 'lines' | 'csv'): number[] {
  const ends: number[] = [];
  let isQuoted = false;
  /** Position of the last quote that closed a field, or began an escaped quote. */
  let closed = -1;
  for (let i = 0; i < text.length; i++) {
    const opens = /^["\n,]$/.test(text[i - 1] ?? ',') && (text[i - 1] !== '"' || closed === i - 1);
    if (text[i] === '"' && format === 'csv') {
      if (isQuoted) closed = i;
      isQuoted = !isQuoted && opens;
    }
    if (text[i] === '\n' && !isQuoted) ends.push(i + 1);
  }
  return ends;
}

const texts = fc.string({ unit: fc.constantFrom('a', '\n', '"', '\r', ','), maxLength: 40 });

describe.each(['lines', 'csv'] as const)('%s', (format) => {
  const ends = lineEnds(format, 10);

  test('finds the last end, any one, and counts them, as a simple automaton does', () => {
    fc.assert(
      fc.property(texts, fc.nat(45), fc.nat(10), (text, target, lines) => {
        const bytes = Buffer.from(text);
        const all = endsOf(text, format);
        const bounds = all.at(-1) === text.length || text === '' ? all : [...all, text.length];
        expect(ends.last(bytes, 0)).toBe(all.at(-1) ?? 0);
        expect(ends.firstFrom(bytes, target)).toBe(all.find((end) => end >= target) ?? text.length);
        expect(ends.count(bytes)).toBe(bounds.length);
        expect(ends.after(bytes, lines)).toBe(lines === 0 ? 0 : (bounds[lines - 1] ?? text.length));
      }),
    );
  });
});
