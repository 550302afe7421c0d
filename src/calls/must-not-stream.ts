import { NotAFunctionError } from '../errors/errors.js';
import type { TaskRef } from '../tasks/registry.js';

/** For calls that give one value. @throws NotAFunctionError the task is a generator function */
export function mustNotStream(task: TaskRef): void {
  if (!task.streams) return;
  throw new NotAFunctionError(
    `'${task.name}' is a generator function, which gives many values: use for await (const value of balancer.stream(task, [arguments]))`,
  );
}
