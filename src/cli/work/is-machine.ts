/** Whether a process that is known by its number is another machine. */
import { readFileSync } from 'node:fs';
import { errnoOf } from '../files/errno.js';

/** Whether it is another process, which is alive, and may be a machine. */
export function isMachine(pid: number): boolean {
  const isOther = Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid;
  return isOther && isAlive(pid) && mayBeMachine(pid);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It belongs to another user.
    return errnoOf(error) === 'EPERM';
  }
}

/** Whether this process may send it signals; true where it has ended. */
export function mayEnd(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'EPERM';
  }
}

/**
 * After a crash its number may have gone to any other program. Where that cannot be told, it counts as a
 * machine.
 */
function mayBeMachine(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('work');
  } catch {
    return true;
  }
}
