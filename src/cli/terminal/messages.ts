/** Resolves when the last write has been taken. Standard error is one for the process. */
let lastWrite: Promise<void> = Promise.resolve();

/**
 * Prints messages to standard error, a line each; those of one synchronous section with one write. `before`
 * is called before each write.
 */
export function messagePrinter(before: () => void): (message: string) => void {
  let text = '';
  const flush = () => {
    before();
    const all = text;
    text = '';
    // Also called back where nobody reads the pipe any more.
    lastWrite = new Promise((resolve) => process.stderr.write(all, () => resolve()));
  };
  return (message) => {
    if (text === '') queueMicrotask(flush);
    text += `leastwork: ${message}\n`;
  };
}

/**
 * Resolves when what was printed has been taken, or can no longer be. Node keeps what a pipe has no room for:
 * without waiting, a manifest with millions of malformed lines takes gigabytes.
 */
export async function messagesTaken(): Promise<void> {
  await undefined; // Until the messages of this section are written.
  await lastWrite;
}
