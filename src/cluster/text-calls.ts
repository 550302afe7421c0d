/** Items of a batch: the task's results are wanted as texts. */
import { targetName, targetOf, tasks } from '../tasks/handles.js';
import type { AnyTask } from '../tasks/signatures.js';
import { workerFile } from '../worker-entry.js';
import type { TextCall } from './thread/texts.js';

type TextsTask = typeof import('./texts-task.js');

/** What a thread is asked for instead of a task that is served: it, with texts as results. */
export function textCalls(task: AnyTask, items: readonly unknown[]): [AnyTask, readonly TextCall[]] {
  const target = targetOf(task);
  if (target === undefined) throw new Error('a served task is an export of a module');
  const { callForTexts } = tasks<TextsTask>(workerFile('texts-task.mjs'));
  const name = targetName(target);
  return [callForTexts, items.map((item) => ({ ...target, name, item }))];
}
