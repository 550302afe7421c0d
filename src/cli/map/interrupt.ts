const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What has been asked for by signals. */
export interface Interrupt {
  /** Aborted by the first one. */
  readonly signal: AbortSignal;
  /** The process dies of the signal that came, so that a shell sees 130 for Ctrl-C and stops a loop. Does nothing where none came. */
  die(): void;
}

/**
 * The first signal asks for an end in good order, the second one ends the process at once.
 * @param tidy called before the process dies; synchronous
 */
export function listenForInterrupts(tidy: () => void): Interrupt {
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
      controller.abort();
    });
  }
  return { signal: controller.signal, die };
}
