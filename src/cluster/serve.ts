/** Makes a machine of this process. */
import { rejectCaller } from '../errors/async-stack.js';
import { checked } from '../errors/checked.js';
import { NoWorkerError, TaskNotFoundError } from '../errors/errors.js';
import { Machine } from './machine.js';
import { mustBeModules, resolveServeOptions, type ServeOptions } from './serve-options.js';
import { loadModules } from './served-modules.js';

/**
 * Serves the functions of modules to the cluster.
 *
 * @example
 * await using machine = await serve([new URL('./hash.js', import.meta.url)], { redis: 'redis://localhost' })
 *
 * @param modules as for `tasks`: file URLs, absolute paths, or packages. Nothing else is ever loaded for a
 *   request
 * @returns when the modules have been loaded in a thread, and the engine has answered
 * @throws InvalidOptionError
 * @throws TaskNotFoundError a module does not load, or exports no function
 * @throws EngineError the engine has not answered for `engineTimeout`, or refuses
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`: `bullmq`, or `ioredis` or `pg`, is not installed
 */
export async function serve(modules: readonly (URL | string)[], options: ServeOptions): Promise<Machine> {
  const settings = checked(() => {
    mustBeModules(modules);
    return resolveServeOptions(options, modules);
  });
  let machine: Machine | undefined;
  try {
    const served = await loadModules(settings.balancer, modules);
    machine = new Machine(modules, served, settings);
    await machine.open();
    return machine;
  } catch (error) {
    if (machine !== undefined) await machine.close({ timeout: 0 });
    else if (settings.ownsBalancer) await settings.balancer.close({ timeout: 0 });
    // Its threads load the modules when they start.
    const isUnloadable = error instanceof NoWorkerError && error.cause instanceof TaskNotFoundError;
    return rejectCaller(isUnloadable ? error.cause : error);
  }
}
