/** The entry of a thread. Piscina calls `install` once; from then on the thread is ours. */
import type { WorkerInit } from '../src/protocol/messages.js';
import { takeRequireHooks } from './functions/typescript/require-hooks.js';
import { WorkLoop } from './loop/work-loop.js';
import { nameThread } from './thread-name.js';

/** Starts the work loop. Returns at once; the loop goes on by itself. */
export function install(init: WorkerInit): void {
  takeRequireHooks(init.requireHooks);
  void new WorkLoop(init).start(init);
  nameThread(init.name);
}
