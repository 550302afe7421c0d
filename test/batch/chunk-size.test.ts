import { expect, test } from 'vitest';
import { ChunkSize } from '../../dist/src/batch/chunk-size.js';

const KB = 1024;
/** Bytes that a thread runs in a ms. */
const SPEED = 100 * KB;
/** More than all that is asked for. */
const MOST = 1024 * 1024 * KB;

/** The sizes of all chunks of an input, whose work is as it is expected to be. */
function sizesOf(input: number, workers: number): number[] {
  const chunks = new ChunkSize();
  chunks.ran(SPEED, 1);
  const sizes: number[] = [];
  for (let left = input; left > 0; left -= sizes.at(-1) as number)
    sizes.push(Math.min(left, Math.ceil(chunks.next(left, workers, MOST))));
  return sizes;
}

test('a chunk is some ms of work, and less towards the end, down to one', () => {
  const sizes = sizesOf(1000 * SPEED, 2);
  expect(sizes[0]).toBe(32 * SPEED);
  for (const [n, size] of sizes.entries()) {
    if (n > 0) expect(size).toBeLessThanOrEqual(sizes[n - 1] as number);
    if (n < sizes.length - 1) expect(size).toBeGreaterThanOrEqual(SPEED);
  }
  // The last ones are as small as what one costs allows.
  expect(sizes.at(-2)).toBeLessThan(1.5 * SPEED);
});

test('slow items come in small chunks to the end', () => {
  const chunks = new ChunkSize();
  chunks.ran(KB, 10);
  expect(chunks.next(20 * KB, 2, MOST)).toBeLessThanOrEqual(8 * KB);
});
