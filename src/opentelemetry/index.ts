/// <reference types="node" preserve="true" />
/**
 * `leastwork/opentelemetry`: metrics and spans of Balancers, by the optional package `@opentelemetry/api`. A
 * thread that loads this module after its SDK runs each task in the context of its request.
 */
import { isMainThread } from 'node:worker_threads';
import { restoreContexts } from './thread.js';

export { type Instrumentation, instrument } from './instrument.js';
export type { OpenTelemetryOptions } from './options.js';
export { restoreContexts } from './thread.js';

if (!isMainThread) restoreContexts();
