import { trace } from '@opentelemetry/api';

/** Makes a span, and another one after it has awaited something. Gives back both. */
export async function traced() {
  const { exportedSpans } = globalThis;
  exportedSpans.reset();
  const tracer = trace.getTracer('task');
  tracer.startSpan('first').end();
  await null;
  tracer.startSpan('second').end();
  return exportedSpans.getFinishedSpans().map((span) => {
    const { traceId } = span.spanContext();
    return { name: span.name, traceId, parent: span.parentSpanContext?.spanId };
  });
}

export function plain(value) {
  return value;
}

export function failing() {
  throw Object.assign(new RangeError('on purpose'), { code: 'E_PURPOSE' });
}
