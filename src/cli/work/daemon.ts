/** The way into the background: a process of its own, without terminal, that reports when it is ready. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { UsageError } from '../arguments.js';
import { describeErrno, errnoOf } from '../files/errno.js';
import type { Log } from './log.js';

/** Set for the process in the background, which so knows that it is there. */
const MARK = 'LEASTWORK_DAEMON';

/** What the process in the background says to the one that has started it. */
type Word = { readonly ready: string } | { readonly failed: string };

/** Whether this is the process in the background. */
export function isDaemon(): boolean {
  return process.env[MARK] !== undefined && process.send !== undefined;
}

/** Starts the same command in the background, and waits until it is ready. Gives the exit code. */
export async function startDaemon(logFile: string): Promise<number> {
  let log: number;
  try {
    log = openSync(logFile, 'a');
  } catch (error) {
    throw new UsageError(`${logFile}: ${describeErrno(errnoOf(error) ?? String(error))}`);
  }
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, [MARK]: '1' },
  });
  closeSync(log);
  const word = await new Promise<Word>((resolve) => {
    child.once('message', (message) => resolve(message as Word));
    child.once('error', ({ message }) => resolve({ failed: message }));
    child.once('exit', (code, signal) =>
      resolve({ failed: `the process in the background has ended (${signal ?? code}); see ${logFile}` }),
    );
  });
  if ('failed' in word) {
    process.stderr.write(`leastwork: ${word.failed}\n`);
    return 2;
  }
  child.disconnect();
  child.unref();
  process.stderr.write(`leastwork: ${word.ready} in the background, process ${child.pid}\n`);
  return 0;
}

/** What tasks and libraries print goes to the log file, too, where that is then: it may be rotated. */
export function printTo(log: Pick<Log, 'print'>): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const encoding = rest[0] as BufferEncoding;
      const isEncoded = typeof chunk === 'string' && typeof encoding === 'string';
      log.print(isEncoded ? Buffer.from(chunk, encoding) : chunk);
      const done = rest.find((each) => typeof each === 'function');
      if (done !== undefined) process.nextTick(done as () => void);
      return true;
    };
  }
}

let onStarterGone: (() => void) | undefined;

/** Where the command in the foreground is ended before this process is ready, nobody expects that any more. */
export function endWithStarter(log: Pick<Log, 'warn'>): void {
  onStarterGone = () => {
    log.warn('the command that started it has ended: so does this');
    process.kill(process.pid, 'SIGTERM');
  };
  if (process.connected) process.once('disconnect', onStarterGone);
  else onStarterGone();
}

/** Tells whoever waits in the foreground. */
export function tellStarter(word: Word): Promise<void> {
  if (onStarterGone !== undefined) process.off('disconnect', onStarterGone);
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) {
      resolve();
      return;
    }
    process.send(word, undefined, undefined, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}
