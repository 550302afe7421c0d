/**
 * One run at a time for a journal: two would write over each other.
 *
 * The lock is a local socket with a name made of the journal's path. The system takes it back when the process
 * ends, however that happens, so no lock is ever left behind. It holds within one host (one network namespace,
 * on Linux); beyond that `Journal` notices at its next commit that another run has written to its file.
 */
import { realpathSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout } from '../../protocol/timers.js';
import { BatchError } from '../errors.js';

/** A process that was killed may take a moment to end. */
const ATTEMPTS = 10;
const PAUSE_MS = 50;

/** Releases the lock. */
export type Unlock = () => void;

/**
 * @param name default: the system's kind of name for the path
 * @throws BatchError another run has the journal
 */
export async function lockJournal(path: string, name = socketName(path)): Promise<Unlock> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await listen(name);
    if (outcome !== 'taken') return outcome;
    // A file of a process that was killed; other names end with their process.
    if (isFile(name) && !(await answers(name))) remove(name);
    else if (attempt === ATTEMPTS) throw new BatchError(`${path}: another run is going on with this journal`);
    else await new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function listen(name: string): Promise<Unlock | 'taken'> {
  return new Promise((resolve) => {
    const server: Server = net().createServer((connection) => connection.destroy());
    server.unref();
    server.on('error', (error: NodeJS.ErrnoException) => {
      // A system without such sockets has no lock.
      resolve(error.code === 'EADDRINUSE' ? 'taken' : () => {});
    });
    server.listen(name, () => resolve(() => server.close()));
  });
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net().connect(name);
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}

function remove(name: string): void {
  try {
    unlinkSync(name);
  } catch {
    // Another process has removed it.
  }
}

function isFile(name: string): boolean {
  return process.platform !== 'win32' && !name.startsWith('\0');
}

/** Linux has names without files; Windows has pipes; elsewhere it is a file. */
function socketName(path: string): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(realPath(path));
  const name = `leastwork-${hash.digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.lock`);
}

/** Also of a file that is not there yet. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    // The folder may be missing as well: that is said when the file is opened.
  }
  try {
    return join(realpathSync(dirname(absolute)), basename(absolute));
  } catch {
    return absolute;
  }
}

/** Loaded lazily: only batches with a journal need it. */
function net(): typeof import('node:net') {
  return process.getBuiltinModule('node:net');
}
