/** The remaining work of a batch, from its journal. */
import type { Range } from '../input/reader.js';
import type { DoneRange } from './record.js';
import type { JournalState } from './state.js';

/**
 * @param isNewPass true: run the failed lines of the journal again
 * @returns a function from the index of an input to its ranges; `undefined`: run everything
 */
export function todoRanges(
  state: JournalState | undefined,
  isNewPass: boolean,
): ((source: number) => Range[]) | undefined {
  if (state === undefined) return undefined;
  const todo = isNewPass ? state.failures : state.todo;
  if (todo === undefined)
    return (source) =>
      gaps(
        source,
        state.done.filter((range) => range.source === source),
      );
  const done = isNewPass ? [] : state.done;
  const isDone = (source: number, from: number) =>
    done.some((range) => range.source === source && range.from <= from && from < range.to);
  return (source) =>
    todo
      .filter((line) => line.source === source && !isDone(source, line.from))
      .sort((a, b) => a.from - b.from)
      .map(({ from, to, line }) => ({ source, from, to, line }));
}

/** The gaps between ranges, and the rest after the last one. */
function gaps(source: number, done: readonly DoneRange[]): Range[] {
  const ranges: Range[] = [];
  let from = 0;
  let line = 1;
  for (const range of done) {
    if (range.from > from) ranges.push({ source, from, to: range.from, line });
    from = range.to;
    line = range.line + range.lines;
  }
  ranges.push({ source, from, to: Number.POSITIVE_INFINITY, line });
  return ranges;
}
