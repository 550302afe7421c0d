/** Errors that nobody has caught in a thread, and whose they are. */
import type { TaskRef } from '../tasks/registry.js';

/**
 * A thread dies of an uncaught error, and so does the running request; but a timer or a promise of an earlier
 * request may have thrown it.
 * @param completed requests that the thread had completed
 * @returns a remark for the message, if the error may be another request's
 */
export function remarkOnLateError(cause: unknown, task: TaskRef, completed: number): string {
  if (completed === 0 || !(cause instanceof Error) || isOfThread(cause)) return '';
  return mentions(cause.stack, task) ? '' : ' (possibly left behind by an earlier request)';
}

/** Node's own, as when the thread runs out of memory. */
function isOfThread(error: Error): boolean {
  return String((error as { code?: unknown }).code).startsWith('ERR_WORKER_');
}

/** Whether the stack shows the task. Functions without a name cannot be told apart by it. */
function mentions(stack: unknown, { definition }: TaskRef): boolean {
  if (typeof stack !== 'string') return false;
  if (definition.kind === 'module') return stack.includes(definition.url);
  return (
    definition.name !== '(anonymous)' && stack.includes(`/inline:${encodeURIComponent(definition.name)}:`)
  );
}
