/** Items of a chunk, or of a batch, as a request to the threads: instead of the task that is served. */
import { TaskTimeoutError } from '../errors/errors.js';
import { called, targetName, targetOf, tasks } from '../tasks/handles.js';
import type { AnyTask } from '../tasks/signatures.js';
import { workerFile } from '../worker-entry.js';
import type { ItemsCall } from './thread/items-message.js';

type ItemsTask = typeof import('./items-task.js');

/** The task that is asked for, and the address of the one that is served. */
export interface Asked {
  readonly runItems: ItemsTask['runItems'];
  readonly address: Pick<ItemsCall, 'url' | 'base' | 'path' | 'name'>;
  /** The same, with the name that the task has in a process: failures of a batch are those of one machine. */
  readonly local: Asked['address'];
}

const known = new WeakMap<AnyTask, Asked>();

export function itemsTask(task: AnyTask): Asked {
  const before = known.get(task);
  if (before !== undefined) return before;
  const target = targetOf(task);
  if (target === undefined) throw new Error('a served task is an export of a module');
  const { runItems } = tasks<ItemsTask>(workerFile('items-task.mjs'));
  const name = targetName(target);
  const asked = {
    runItems: called(runItems, name),
    address: { ...target, name },
    local: { ...target, name: targetName({ ...target, name: undefined }) },
  };
  known.set(task, asked);
  return asked;
}

/** An error of such a request as one of the task that is served. @param timeout of an item, in ms */
export function errorOfItem(error: unknown, asked: AnyTask, name: string, timeout: number): unknown {
  if (error instanceof TaskTimeoutError) return new TaskTimeoutError(name, error.phase, timeout);
  const target = targetOf(asked);
  if (!(error instanceof Error) || target === undefined) return error;
  const inner = targetName(target);
  error.message = error.message.replaceAll(inner, name);
  if ((error as { taskName?: unknown }).taskName === inner) Object.assign(error, { taskName: name });
  return error;
}
