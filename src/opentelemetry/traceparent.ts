/**
 * The context of a span as text, for where no propagator is registered: an SDK without one is common, since
 * nothing else that is in the process needs one. https://www.w3.org/TR/trace-context/#traceparent-header
 */
import type { Context } from '@opentelemetry/api';
import type { Carrier } from '../protocol/messages.js';
import type { Api } from './api.js';

const TRACEPARENT = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/** Fills what travels with a request. */
export function inject(api: Api, context: Context, carrier: Record<string, string>): void {
  api.propagation.inject(context, carrier);
  if (Object.keys(carrier).length > 0) return;
  const span = api.trace.getSpanContext(context);
  if (span === undefined || !api.isSpanContextValid(span)) return;
  carrier.traceparent = `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
  if (span.traceState !== undefined) carrier.tracestate = span.traceState.serialize();
}

/** The context of a request, from what has travelled with it. */
export function extract(api: Api, carrier: Carrier): Context {
  const { propagation, ROOT_CONTEXT, trace, createTraceState, isSpanContextValid } = api;
  const context = propagation.extract(ROOT_CONTEXT, carrier);
  if (context !== ROOT_CONTEXT) return context;
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(carrier.traceparent ?? '') ?? [];
  const span = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(carrier.tracestate !== undefined && { traceState: createTraceState(carrier.tracestate) }),
  };
  return isSpanContextValid(span) ? trace.setSpanContext(context, span) : context;
}
