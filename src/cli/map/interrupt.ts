const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals received. */
export interface Interrupt {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  /** Ends the process by the received signal: a shell then shows 130 for Ctrl-C and stops a loop. */
  die(): void;
}

/**
 * The first signal requests an end in good order, the second one ends the process.
 * @param hasBegun whether there is anything to end in good order; if not, the first one ends the process
 * @param tidy called before the process dies; synchronous
 */
export function listenForInterrupts(hasBegun: () => boolean, tidy: () => void): Interrupt {
  const controller = new AbortController();
  let received: (typeof SIGNALS)[number] | undefined;
  const die = () => {
    if (received === undefined) return;
    tidy();
    for (const signal of SIGNALS) process.removeAllListeners(signal);
    process.kill(process.pid, received);
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (received !== undefined) {
        die();
        return;
      }
      received = signal;
      if (hasBegun()) controller.abort();
      else die();
    });
  }
  return { signal: controller.signal, die };
}
