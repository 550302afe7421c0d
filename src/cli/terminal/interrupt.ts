const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * On Ctrl-C and its like: tidies up, and then dies of that very signal, at once. A shell sees 130 for Ctrl-C and stops
 * a loop that the command is part of, which it would not after an ordinary exit. `process.exit` would also wait for
 * every thread, one that is blocked in a read included.
 *
 * `tidy` must be synchronous. It is called on ordinary exits too, so that nothing is left after an uncaught error.
 */
export function tidyAtEnd(tidy: () => void): void {
  process.once('exit', tidy);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      tidy();
      process.kill(process.pid, signal);
    });
  }
}
