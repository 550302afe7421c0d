/** A progress bar at the bottom of a terminal. */
import type { WriteStream } from 'node:tty';

export interface Bar {
  /** Clears the bar's line for other output. The next redraw puts the bar below that output. */
  clear(): void;
  /** Removes the bar for good and restores the terminal. */
  stop(): void;
}

/** What the bar shows at present. */
export interface BarState {
  readonly done: number;
  /** Undefined: not known. */
  readonly total: number | undefined;
  /** Text beside the bar. */
  readonly line: string;
}

/**
 * Shows a bar until it is stopped. Does not keep the process alive for long.
 * @param state called at each redraw, with the seconds since the start
 */
export async function showBar(stream: WriteStream, state: (seconds: number) => BarState): Promise<Bar> {
  // Loaded only with a terminal: it takes 10 ms.
  const { MultiBar } = (await import('cli-progress')).default;
  // Not SingleBar, which moves the cursor back to where the bar began, over other output printed since.
  const bars = new MultiBar({
    stream,
    format: '{bar} {line}',
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    forceRedraw: true,
    emptyOnZero: true,
  });
  const started = performance.now();
  const bar = bars.create(1, 0, { line: '' });
  bars.on('redraw-pre', () => {
    const { done, total, line } = state((performance.now() - started) / 1000);
    bar.setTotal(total === undefined ? Number.MAX_SAFE_INTEGER : Math.max(total, done, 1));
    bar.update(done, { line });
  });
  return {
    clear() {
      const { clearLine, cursorTo } = process.getBuiltinModule('node:readline');
      cursorTo(stream, 0);
      clearLine(stream, 0);
    },
    stop() {
      if (bars.isActive) bars.stop();
    },
  };
}
