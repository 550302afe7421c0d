import { expect, it } from 'vitest';
import { timeText } from '../../dist/src/trace/event.js';
import { bytesOf, putMicros, putNumber, putText, putTime } from '../../dist/src/trace/text.js';

const bytes = Buffer.alloc(64);

it('writes whole numbers as they are, however large', () => {
  const bounds = Array.from({ length: 16 }, (_, digits) => 10 ** digits);
  const numbers = [...bounds.flatMap((n) => [n - 1, n, n + 1]), 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];
  for (const number of numbers)
    expect(bytes.toString('latin1', 2, putNumber(bytes, 2, number))).toBe(String(number));
});

it('writes tenths of a µs as µs', () => {
  for (const [tenths, text] of [
    [0, '0'],
    [7, '0.7'],
    [10, '1'],
    [123_456_789, '12345678.9'],
    // An hour, and a month.
    [36_000_000_001, '3600000000.1'],
    [25_920_000_000_000, '2592000000000'],
  ] as const) {
    expect(bytes.toString('latin1', 0, putMicros(bytes, 0, tenths))).toBe(text);
  }
});

it('writes short and long texts one after another', () => {
  const texts = ['', 'a', 'b'.repeat(8), 'c'.repeat(9), 'd'.repeat(40)];
  let at = 0;
  for (const text of texts) at = putText(bytes, at, bytesOf(text));
  expect(bytes.toString('latin1', 0, at)).toBe(texts.join(''));
});

it('writes points in time so that whole ns are left of them, wherever they are cut', () => {
  for (let tenths = 0; tenths < 1e12; tenths = Math.ceil((tenths + 1) * 1.01)) {
    const text = bytes.toString('latin1', 0, putTime(bytes, 0, tenths));
    expect(timeText(tenths)).toBe(text);
    expect(Math.trunc(Number(text) * 1000)).toBe(tenths * 100);
    expect(Math.round(Number(text) * 1000)).toBe(tenths * 100);
  }
});
