/**
 * File descriptors for the load of a task's module. The process may have none left for a while, as while many
 * threads start; then the load fails, and says nothing of the module.
 *
 * Node 20 keeps a failed load for ever, and may take the module for missing. So a thread where that has
 * happened is replaced; see `Preparation`.
 */
import { closeSync, openSync } from 'node:fs';
import { performance } from '../../src/protocol/clock.js';
import { setTimeout } from '../../src/protocol/timers.js';

const CODES: readonly unknown[] = ['EMFILE', 'ENFILE'];

/** How long a load waits for a descriptor, in ms; then it fails. */
const MOST_WAIT_MS = 10_000;
const FIRST_PAUSE_MS = 5;
const MOST_PAUSE_MS = 100;
/** Causes of causes that are looked at. */
const MOST_CAUSES = 8;

/** Waits until a file can be opened. @returns `undefined`: there is nothing to wait for */
export function awaitDescriptor(): Promise<void> | undefined {
  return isOneFree() ? undefined : untilOneIsFree();
}

/** Whether a load has failed, or may have failed, for want of descriptors. To be asked at once. */
export function wasForWantOfDescriptors(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < MOST_CAUSES && at instanceof Error; depth++) {
    if (CODES.includes((at as NodeJS.ErrnoException).code)) return true;
    at = at.cause;
  }
  return !isOneFree();
}

async function untilOneIsFree(): Promise<void> {
  const end = performance.now() + MOST_WAIT_MS;
  for (let pause = FIRST_PAUSE_MS; performance.now() < end; pause = Math.min(2 * pause, MOST_PAUSE_MS)) {
    await new Promise<void>((resolve) => setTimeout(resolve, pause));
    if (isOneFree()) return;
  }
}

function isOneFree(): boolean {
  try {
    closeSync(openSync(process.execPath, 'r'));
    return true;
  } catch (error) {
    return !CODES.includes((error as NodeJS.ErrnoException).code);
  }
}
