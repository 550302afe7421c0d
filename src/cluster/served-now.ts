/**
 * What a machine says that it serves. A queue of which the engine has long refused to give it jobs is none: another
 * machine may do better, and where there is none, whoever waits is told so. So it is where its Balancer can run nothing.
 */
import type { Worker } from 'bullmq';
import { refusalOf } from './engine/refusals.js';
import type { LastingError } from './lasting-error.js';
import { queueNameOf } from './names.js';
import type { EngineSettings } from './options.js';
import type { ServedModule } from './served-modules.js';

export interface ServedNow {
  /** Names of tasks, in order. */
  readonly tasks: readonly string[];
  /** Why there are not more of them. */
  readonly refusal: string | undefined;
  /** Why there are none. */
  readonly inability: string | undefined;
}

export function servedNow(
  served: ReadonlyMap<string, ServedModule>,
  workers: readonly Worker[],
  { name, lockDuration }: EngineSettings,
  unable: LastingError,
): ServedNow {
  const inability = unable.lasting(lockDuration)?.message;
  if (inability !== undefined) return { tasks: [], refusal: undefined, inability };
  const tasks: string[] = [];
  let refusal: string | undefined;
  for (const [module, { tasks: named }] of served) {
    const queue = queueNameOf(name, module);
    const worker = workers.find((each) => each.name === queue);
    const refused = worker && refusalOf(worker, lockDuration);
    if (refused !== undefined) refusal ??= refused.message;
    else tasks.push(...named.keys());
  }
  return { tasks: tasks.sort(), refusal, inability };
}
