import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage, and lets finalizers run. */
export async function gc(): Promise<void> {
  // An object that was read through a WeakRef lives until the end of that turn.
  await turn();
  collect();
  await turn();
}
