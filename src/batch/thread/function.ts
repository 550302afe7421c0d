/** The user's function in a thread: a module's export, or made from source. */
import { compileInline } from '../../../workers/functions/inline.js';
import { loadExport } from '../../../workers/functions/module.js';
import type { ThreadSetup } from '../layout.js';

export type ItemFunction = (item: unknown) => unknown;

export function loadFunction(task: ThreadSetup['task']): ItemFunction | Promise<ItemFunction> {
  return task.kind === 'inline' ? compileInline({ ...task, id: 0 }) : loadExport({ ...task, id: 0 });
}
