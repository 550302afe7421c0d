import { context, createTraceState, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { tasks } from 'leastwork';
import { instrument } from 'leastwork/opentelemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';

const { traced, plain } = tasks<{
  traced(): Promise<{ name: string; traceId: string; parent: string }[]>;
  plain(value: number): number;
}>(new URL('programs/tasks.mjs', import.meta.url));

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

it('the context goes into the thread also where no propagator is registered', () =>
  withBalancer(
    { workers: 1, preload: [new URL('programs/thread-sdk-bare.mjs', import.meta.url)] },
    async (balancer) => {
      const exporter = new InMemorySpanExporter();
      const tracerProvider = new BasicTracerProvider({
        spanProcessors: [new SimpleSpanProcessor(exporter)],
      });
      using _spans = instrument(balancer, { tracerProvider, metrics: false });
      const caller: SpanContext = {
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        traceFlags: TraceFlags.SAMPLED,
        traceState: createTraceState('vendor=1'),
      };
      const inThread = await context.with(trace.setSpanContext(context.active(), caller), () =>
        balancer.submit(traced),
      );
      const [request] = exporter.getFinishedSpans() as [ReadableSpan];
      const { traceId, spanId } = request.spanContext();
      expect(traceId).toBe(caller.traceId);
      expect(inThread).toEqual([
        { name: 'first', traceId, parent: spanId },
        { name: 'second', traceId, parent: spanId },
      ]);
    },
  ));

it('nothing of it travels where there is no SDK', () =>
  withBalancer({ workers: 1 }, async (balancer) => {
    using _spans = instrument(balancer, { metrics: false });
    expect(await balancer.submit(plain, [1])).toBe(1);
  }));
