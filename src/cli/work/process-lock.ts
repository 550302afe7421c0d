/**
 * A lock between processes that lasts for one synchronous step: a symbolic link that leads to the number of the process
 * that has it. It is made with its content or not at all, and one of several makes it.
 *
 * A process that is killed in that step leaves its lock behind. Of those that find it one may remove it, and so a lock
 * of the same kind decides who: its name is that of the lock with the dead process' number. Who has that looks again,
 * since the lock may have been removed, and have been made by others, meanwhile.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync, realpathSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../files/errno.js';
import { isMachine } from './is-machine.js';

/** A step takes some 0.1 ms. */
const MOST_WAIT_MS = 2_000;
const PAUSE_MS = 1;

/** Somebody has had the lock for far longer than the step takes. */
export class LockedError extends Error {
  constructor(lock: string, holder: number) {
    super(`process ${holder} is writing it (${lock})`);
  }
}

/** Where a lock is, and whose locks count there. */
interface Place {
  readonly lock: string;
  trusts(owner: number): boolean;
}

/**
 * Runs a step alone, of all that name the same file. There are two locks, one beside the file, and one in the folder
 * of temporary files: a user who may write the file, but not beside it, has only that one. All take them in this order.
 * Where there can be none in either, the step runs without.
 * @throws LockedError
 */
export function alone<T>(file: string, step: () => T): T {
  const locks: string[] = [];
  try {
    for (const place of placesOf(file)) if (acquire(place)) locks.push(place.lock);
    return step();
  } finally {
    for (const lock of locks.reverse()) release(lock);
  }
}

function placesOf(file: string): readonly Place[] {
  const path = realPathOf(file);
  const name = `leastwork-${createHash('sha256').update(path).digest('hex')}.lock`;
  return [
    { lock: `${path}.lock`, trusts: () => true },
    { lock: join(tmpdir(), name), trusts: (owner) => mayWrite(owner, path) },
  ];
}

/** Whether a user may write a file, as far as that can be told. Anybody can make a lock among temporary files. */
function mayWrite(user: number, file: string): boolean {
  if (user === 0 || user === process.getuid?.()) return true;
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && (stats.uid === user || (stats.mode & 0o022) !== 0);
}

/** The same for all names of a file. */
function realPathOf(file: string): string {
  for (const real of [() => realpathSync(file), () => join(realpathSync(dirname(file)), basename(file))]) {
    try {
      return real();
    } catch {
      // It is not there yet.
    }
  }
  return file;
}

/** @returns false: there can be no lock */
function acquire(place: Place): boolean {
  const { lock } = place;
  const until = performance.now() + MOST_WAIT_MS;
  for (;;) {
    try {
      symlinkSync(String(process.pid), lock);
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') return false;
    }
    const holder = holderOf(place);
    if (holder === 'other') return false;
    if (holder === undefined) continue;
    if (!isMachine(holder)) {
      if (!removeStale(place, holder)) return false;
    } else if (performance.now() > until) {
      throw new LockedError(lock, holder);
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

function release(lock: string): void {
  try {
    unlinkSync(lock);
  } catch {
    // Somebody has tidied up.
  }
}

/** @returns false: it cannot be removed */
function removeStale(place: Place, holder: number): boolean {
  const { lock } = place;
  const right = `${lock}.${holder}`;
  if (!acquire({ ...place, lock: right })) return false;
  try {
    if (holderOf(place) === holder && !isMachine(holder)) unlinkSync(lock);
    return true;
  } catch {
    return false;
  } finally {
    release(right);
  }
}

/** The process that has a lock; undefined: none; `'other'`: what is there is no lock, or of somebody who has no right to it. */
function holderOf({ lock, trusts }: Place): number | undefined | 'other' {
  try {
    const target = readlinkSync(lock);
    if (!trusts(lstatSync(lock).uid)) return 'other';
    return /^\d{1,15}$/.test(target) ? Number(target) : 'other';
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : 'other';
  }
}
