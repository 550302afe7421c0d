/** In a thread: each task runs in the context that has come with its request. */
import { restoreContext } from '../../workers/task.js';
import { openTelemetry } from './api.js';

/**
 * Has each task of this thread run in the context of its request, as the registered propagator reads it.
 * Importing this module in a thread does so; it is of use where the thread has an SDK.
 * @returns ends that
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`: @opentelemetry/api is not installed
 */
export function restoreContexts(): () => void {
  const { context, propagation, ROOT_CONTEXT } = openTelemetry();
  return restoreContext((carrier, run) => context.with(propagation.extract(ROOT_CONTEXT, carrier), run));
}
