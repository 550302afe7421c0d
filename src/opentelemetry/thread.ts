/** In a thread: each task runs in the context that has come with its request. */
import type { Context } from '@opentelemetry/api';
import { restoreContext } from '../../workers/task.js';
import { openTelemetry } from './api.js';
import { extract } from './traceparent.js';

/**
 * Has each task of this thread run in the context of its request, as the registered propagator
 * reads it, or by its `traceparent` where there is none.
 * Importing this module in a thread does so; it is of use where the thread has an SDK.
 * @returns ends that
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`: @opentelemetry/api is not installed
 */
export function restoreContexts(): () => void {
  const api = openTelemetry();
  return restoreContext((carrier, run) => {
    let context: Context;
    try {
      context = extract(api, carrier);
    } catch (error) {
      // A propagator is code of the program: one that throws must not cost the task its run.
      api.diag.error('leastwork: the OpenTelemetry SDK has thrown', error);
      return run();
    }
    return api.context.with(context, run);
  });
}
