const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * On Ctrl-C and similar signals, tidies up and lets the same signal kill the process at once. So a shell sees
 * 130 for Ctrl-C and stops a loop around the command, as it would not after an ordinary exit. `process.exit`
 * would also wait for every thread, even for one that is blocked in a read.
 *
 * `tidy` must be synchronous. It is also called on ordinary exits, so that nothing is left after an uncaught
 * error.
 */
export function tidyAtEnd(tidy: () => void): void {
  const onSignal = (signal: NodeJS.Signals) => {
    tidy();
    removeListeners();
    process.kill(process.pid, signal);
  };
  const removeListeners = () => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
  process.once('exit', () => {
    tidy();
    // From here on the process only waits for its threads, one of which may be blocked in a read.
    removeListeners();
  });
  for (const signal of SIGNALS) process.on(signal, onSignal);
}
