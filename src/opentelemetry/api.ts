/** OpenTelemetry's API, which users install themselves. All copies of it share what an SDK has registered. */
import { requireOptional } from '../errors/optional-package.js';

export type Api = typeof import('@opentelemetry/api');

/** @throws BalancerError with code `ERR_MISSING_PACKAGE` */
export function openTelemetry(): Api {
  return requireOptional('@opentelemetry/api', 'leastwork/opentelemetry') as Api;
}
