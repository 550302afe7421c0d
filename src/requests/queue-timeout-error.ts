import { TaskTimeoutError } from '../errors/errors.js';
import type { Request } from './request.js';

/** The request's queue time is over, and it has not started. */
export function queueTimeoutError({ task, extras }: Request): TaskTimeoutError {
  return new TaskTimeoutError(task.name, 'queue', extras?.queueTimeout ?? 0, task.place);
}
