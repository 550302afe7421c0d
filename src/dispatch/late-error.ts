/** Errors that nobody has caught in a thread, and whose they are. */
import { stackText } from '../errors/stack-text.js';
import type { TaskRef } from '../tasks/registry.js';

/**
 * A thread dies of an uncaught error, and so does the running request; but a timer or a promise of an earlier
 * request may have thrown it.
 * @param completed requests that the thread had completed
 * @returns a remark for the message, if the error may be another request's
 */
export function remarkOnLateError(cause: unknown, task: TaskRef, completed: number): string {
  if (completed === 0 || !(cause instanceof Error) || isOfThread(cause)) return '';
  return mentions(stackText(cause), task) ? '' : ' (possibly left behind by an earlier request)';
}

/** Node's own, as when the thread runs out of memory. */
function isOfThread(error: Error): boolean {
  return String((error as { code?: unknown }).code).startsWith('ERR_WORKER_');
}

/**
 * Whether the stack shows the function of the task itself. That its file is there says nothing: an earlier
 * request of the same module, or of the same function, may have left a timer. Functions without a name cannot
 * be told apart.
 */
function mentions(stack: string | undefined, { definition }: TaskRef): boolean {
  if (stack === undefined) return false;
  const [name, file] =
    definition.kind === 'module'
      ? [definition.path.at(-1), definition.url]
      : [definition.name, `/inline:${encodeURIComponent(definition.name)}:`];
  const isOfTask = (line: string) =>
    line.includes(file) &&
    /^ {4}at (?:async )?(?:[^ (]+\.)?([^ (.]+)(?: \[as [^\]]+\])? \(/.exec(line)?.[1] === name;
  return stack.split('\n').some(isOfTask);
}
