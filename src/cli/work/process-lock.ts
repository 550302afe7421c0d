/**
 * A lock between processes that lasts for one synchronous step: a symbolic link that leads to the number of the process
 * that has it. It is made with its content or not at all, and one of several makes it.
 *
 * A process that is killed in that step leaves its lock behind. Of those that find it one may remove it, and so a lock
 * of the same kind decides who: its name is that of the lock with the dead process' number. Who has that looks again,
 * since the lock may have been removed, and have been made by others, meanwhile.
 */
import { createHash } from 'node:crypto';
import { readlinkSync, realpathSync, symlinkSync, unlinkSync } from 'node:fs';
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

/**
 * Runs a step alone, of all that name the same file. The lock is beside the file; where its folder belongs to others,
 * in that of temporary files. Where there can be none in either, the step runs without.
 * @throws LockedError
 */
export function alone<T>(file: string, step: () => T): T {
  const lock = placesOf(file).find((place) => acquire(place));
  try {
    return step();
  } finally {
    if (lock !== undefined) release(lock);
  }
}

function placesOf(file: string): readonly string[] {
  const path = realPathOf(file);
  const name = `leastwork-${process.getuid?.() ?? ''}-${createHash('sha256').update(path).digest('hex')}.lock`;
  return [`${path}.lock`, join(tmpdir(), name)];
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
function acquire(lock: string): boolean {
  const until = performance.now() + MOST_WAIT_MS;
  for (;;) {
    try {
      symlinkSync(String(process.pid), lock);
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') return false;
    }
    const holder = holderOf(lock);
    if (holder === 'other') return false;
    if (holder === undefined) continue;
    if (!isMachine(holder)) {
      if (!removeStale(lock, holder)) return false;
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
function removeStale(lock: string, holder: number): boolean {
  const right = `${lock}.${holder}`;
  if (!acquire(right)) return false;
  try {
    if (holderOf(lock) === holder && !isMachine(holder)) unlinkSync(lock);
    return true;
  } catch {
    return false;
  } finally {
    release(right);
  }
}

/** The process that has a lock; undefined: none; `'other'`: what is there is no lock of this kind. */
function holderOf(lock: string): number | undefined | 'other' {
  try {
    const target = readlinkSync(lock);
    return /^\d{1,15}$/.test(target) ? Number(target) : 'other';
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : 'other';
  }
}
