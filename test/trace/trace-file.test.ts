import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MOST_EVENT_BYTES, TraceFile } from '../../dist/src/trace/trace-file.js';
import { scratch } from '../support/scratch.js';

const PAGE = 4096;

it('has no event across the border of two pages, however it was flushed', () => {
  const path = join(scratch(), 'trace.json');
  const file = new TraceFile(path);
  const lengths = Array.from({ length: 2_000 }, (_, i) =>
    i % 97 === 0 ? MOST_EVENT_BYTES : 20 + ((i * 37) % 300),
  );
  for (const [i, length] of lengths.entries()) {
    file.add(`"${String(i).padEnd(length - 2, '.')}"`);
    if (i % 13 === 0) file.flush();
  }
  file.close();
  const text = readFileSync(path, 'latin1');
  expect(JSON.parse(text)).toHaveLength(lengths.length);
  // What a kill in the middle of a write leaves: whole pages.
  for (let end = PAGE; end < text.length; end += PAGE) {
    expect(() => JSON.parse(`${text.slice(0, end)}]`)).not.toThrow();
  }
});
