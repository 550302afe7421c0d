import { describeErrno, errnoOf } from '../files/errno.js';

/** As a shell shows it for a program ended by a closed pipe; Node ignores that signal. */
const EXIT_BROKEN_PIPE = 141;
const EXIT_UNABLE = 2;

/** Prints to standard output. Where that cannot be, the process ends: as others do where nobody reads it. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.once('error', (error) => {
      const code = errnoOf(error);
      if (code === 'EPIPE') process.exit(EXIT_BROKEN_PIPE);
      process.stderr.write(`leastwork: standard output: ${describeErrno(code ?? 'EIO')}\n`);
      process.exit(EXIT_UNABLE);
    });
    process.stdout.write(text, (error) => {
      if (!error) resolve();
    });
  });
}
