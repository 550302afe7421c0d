/**
 * Holds up this thread for so long, and so that its due timers run next: what other threads have sent
 * meanwhile is received after them.
 */
export function holdUp(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      resolve();
    });
  });
}
