/** Names: of tasks as the cluster knows them, of queues, of submitters and machines. */
import { randomBytes } from 'node:crypto';
import { NotAFunctionError } from '../errors/errors.js';
import { routeName } from '../router/route-name.js';
import { type TaskTarget, targetOf } from '../tasks/handles.js';
import type { AnyTask } from '../tasks/signatures.js';
import { functionName } from '../tasks/source/name.js';
import { LocalOnlyError } from './errors.js';

/** A task as the cluster knows it. */
export interface TaskName {
  /** As routes have it: `hash/sha256`. It is the name of its jobs. */
  readonly name: string;
  /** Of the module: `hash`. */
  readonly module: string;
}

const known = new WeakMap<object, TaskName>();

/**
 * @throws NotAFunctionError it is no function
 * @throws LocalOnlyError it is an inline function
 */
export function taskNameOf(task: AnyTask): TaskName {
  const found = typeof task === 'function' ? known.get(task) : undefined;
  return found ?? nameAnew(task);
}

function nameAnew(task: AnyTask): TaskName {
  if (typeof task !== 'function') {
    throw new NotAFunctionError(
      `the task is not a function but ${task === null ? 'null' : `a ${typeof task}`}: pass an export of a module, as in tasks(url).name`,
    );
  }
  const target = targetOf(task);
  if (target === undefined) {
    throw new LocalOnlyError(
      `'${functionName(task)}' is an inline function, which cannot leave this process: export it from a module that the machines serve, and submit tasks(new URL('./module.js', import.meta.url)).${task.name || 'name'}`,
    );
  }
  if (target.path.length === 0) {
    throw new NotAFunctionError(
      `tasks('${target.url}') is the whole module: pass one of its functions, as in tasks(url).name`,
    );
  }
  const found = { name: routeName(task), module: moduleNameOf(target, task) };
  known.set(task, found);
  return found;
}

function moduleNameOf({ path }: TaskTarget, task: AnyTask): string {
  return routeName(task).slice(0, -path.join('/').length - 1);
}

/** The queue of a module. BullMQ does not take colons. */
export function queueNameOf(cluster: string, module: string): string {
  return `${cluster}.${module.replaceAll('%', '%25').replaceAll(':', '%3A')}`;
}

/** Of a submitter or machine: no two are alike. */
export function newId(): string {
  return randomBytes(9).toString('base64url');
}
