/** The rare fields of a request, from its options and the defaults. */
import { AsyncResource } from 'node:async_hooks';
import { captureStack } from '../errors/stack-text.js';
import { resolveSubmitOptions, type SubmitOptions } from '../options/submit.js';
import { RequestExtras } from '../requests/request.js';

/** Applied to requests whose own options do not say otherwise. Times in ms, `Infinity`: none. */
export interface SubmissionDefaults {
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly retries: number;
  readonly traceSubmit: boolean;
}

/**
 * @param entry the function that the caller has called: frames above it do not show where that was
 * @throws InvalidOptionError
 */
export function extrasOf(
  given: SubmitOptions = {},
  defaults: SubmissionDefaults,
  entry: (...args: never[]) => unknown,
): RequestExtras {
  const options = resolveSubmitOptions(given);
  const extras = new RequestExtras();
  extras.key = options.key;
  extras.priority = options.priority ?? 0;
  extras.transfer = options.transfer as RequestExtras['transfer'];
  extras.context = options.context;
  // It is called from a message, and must find the AsyncLocalStorage of the caller.
  extras.onProgress = options.onProgress && AsyncResource.bind(options.onProgress);
  extras.signal = options.signal;
  extras.timeout = finite(options.timeout ?? defaults.timeout);
  extras.queueTimeout = finite(options.queueTimeout ?? defaults.queueTimeout);
  extras.retries = options.retries ?? defaults.retries;
  if (defaults.traceSubmit) {
    extras.place = new Error('submit');
    // Leaves out our own frames, which would use up V8's limit of ten.
    captureStack(extras.place, entry);
  }
  return extras;
}

/** In requests, 0 stands for no timeout. */
export function finite(ms: number): number {
  return ms === Number.POSITIVE_INFINITY ? 0 : ms;
}
