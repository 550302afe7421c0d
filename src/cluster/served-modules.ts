/** What a machine serves: the functions of the modules that it has declared, and nothing else. */
import type { Balancer } from '../balancer.js';
import { InvalidOptionError, TaskNotFoundError } from '../errors/errors.js';
import { routeName } from '../router/route-name.js';
import { called, type TaskTarget, targetOf, tasks } from '../tasks/handles.js';
import type { AnyTask } from '../tasks/signatures.js';
import { workerFile } from '../worker-entry.js';

export interface ServedModule {
  /** As routes have it: `hash`. */
  readonly name: string;
  /** Handles by the task's name, as in `hash/sha256`, which errors, stats and traces have, too. */
  readonly tasks: ReadonlyMap<string, AnyTask>;
}

type ExportsTask = typeof import('./exports-task.js');

/**
 * Loads the modules in a thread of the Balancer, and lists their functions.
 * @throws InvalidOptionError, TaskNotFoundError
 */
export async function loadModules(
  balancer: Balancer,
  modules: readonly (URL | string)[],
): Promise<readonly ServedModule[]> {
  const served = await Promise.all(modules.map((module, i) => loadServed(balancer, module, i)));
  const names = new Map<string, number>();
  for (const [i, { name }] of served.entries()) {
    const other = names.get(name);
    if (other !== undefined) {
      throw new InvalidOptionError(
        `serve(modules)[${i}]`,
        `a second module of the name '${name}', after modules[${other}]`,
        'modules of different names: tasks are known by the file name of their module',
      );
    }
    names.set(name, i);
  }
  return served;
}

async function loadServed(balancer: Balancer, module: URL | string, i: number): Promise<ServedModule> {
  const handles = tasks(module) as unknown as AnyTask;
  const { url, base } = targetOf(handles) as TaskTarget;
  const name = routeName(handles);
  const { exportsOf } = tasks<ExportsTask>(workerFile('exports-task.mjs'));
  const paths = await balancer.submit(exportsOf, [url, base, name]);
  if (paths.length === 0) {
    throw new TaskNotFoundError(
      `serve(modules)[${i}]: ${url} exports no function, so there is nothing to serve`,
    );
  }
  const found = new Map<string, AnyTask>();
  for (const path of paths) {
    let handle: unknown = handles;
    for (const key of path) handle = (handle as Record<string, unknown>)[key];
    const task = [name, ...path].join('/');
    found.set(task, called(handle as AnyTask, task));
  }
  return { name, tasks: found };
}
