/** The remaining work of a batch, from its journal. */
import type { Range } from '../input/reader.js';
import type { DoneRange, FailedLine } from './record.js';
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
  return (source) => {
    const failed = todo.filter((line) => line.source === source).sort((a, b) => a.from - b.from);
    return joined(
      undone(
        failed,
        done.filter((range) => range.source === source),
      ),
    );
  };
}

/** The lines that no range has. Both are in order. */
function undone(lines: readonly FailedLine[], done: readonly DoneRange[]): FailedLine[] {
  let at = 0;
  return lines.filter(({ from }) => {
    while (at < done.length && done[at]!.to <= from) at++;
    return at === done.length || from < done[at]!.from;
  });
}

/** Lines that follow each other are one range, so that they travel together. */
function joined(lines: readonly FailedLine[]): Range[] {
  const ranges: { source: number; from: number; to: number; line: number }[] = [];
  for (const { source, from, to, line } of lines) {
    const last = ranges.at(-1);
    if (last?.to === from) last.to = to;
    else ranges.push({ source, from, to, line });
  }
  return ranges;
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
