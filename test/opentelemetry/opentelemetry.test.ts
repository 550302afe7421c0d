import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { Balancer, Router, tasks } from 'leastwork';
import { instrument } from 'leastwork/opentelemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { until } from '../support/until.js';

const { traced, plain, failing } = tasks<{
  traced(): Promise<{ name: string; traceId: string; parent: string }[]>;
  plain(value: number): number;
  failing(): void;
}>(new URL('programs/tasks.mjs', import.meta.url));
const threadSdk = new URL('programs/thread-sdk.mjs', import.meta.url);

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
afterAll(() => {
  context.disable();
  propagation.disable();
});

function tracing(exporter: SpanExporter): BasicTracerProvider {
  return new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
}

describe('spans', () => {
  it('one for each request, INTERNAL, below the span of its caller and linked to it', () =>
    withBalancer({ workers: 1, name: 'pictures' }, async (balancer) => {
      const exporter = new InMemorySpanExporter();
      const tracerProvider = tracing(exporter);
      using _spans = instrument(balancer, { tracerProvider, metrics: false });
      const caller = tracerProvider.getTracer('test').startSpan('caller');
      await context.with(trace.setSpan(context.active(), caller), () => balancer.submit(plain, [1]));
      await balancer.submit(plain, [2]);
      const [below, alone] = exporter.getFinishedSpans() as [ReadableSpan, ReadableSpan];
      expect(below).toMatchObject({ name: 'tasks.mjs#plain', kind: SpanKind.INTERNAL });
      expect(below.parentSpanContext?.spanId).toBe(caller.spanContext().spanId);
      expect(below.links.map((link) => link.context.spanId)).toEqual([caller.spanContext().spanId]);
      expect(below.attributes).toMatchObject({
        'leastwork.pool.name': 'pictures',
        'leastwork.task.name': 'tasks.mjs#plain',
        'leastwork.worker.id': 1,
        'leastwork.request.outcome': 'fulfilled',
      });
      expect(below.attributes['leastwork.request.run_time']).toBeGreaterThan(0);
      expect(alone.parentSpanContext).toBeUndefined();
      expect(alone.links).toEqual([]);
    }));

  it('tell how requests fail', () =>
    withSmallBalancer({ maxQueue: 0, window: 1 }, async (balancer) => {
      const exporter = new InMemorySpanExporter();
      using _spans = instrument(balancer, { tracerProvider: tracing(exporter), metrics: false });
      await balancer.submit(failing).catch(() => {});
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      await balancer.submit(plain, [1]).catch(() => {});
      const [failed, refused] = exporter.getFinishedSpans() as [ReadableSpan, ReadableSpan];
      expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'on purpose' });
      expect(failed.attributes).toMatchObject({
        'error.type': 'E_PURPOSE',
        'leastwork.request.outcome': 'failed',
      });
      expect(failed.events.map(({ name }) => name)).toEqual(['exception']);
      expect(refused.attributes).toMatchObject({
        'error.type': 'ERR_QUEUE_FULL',
        'leastwork.request.outcome': 'refused',
      });
      gate.open();
      await running;
    }));

  it('do not call it an error when a loop is left', () =>
    withSmallBalancer({}, async (balancer) => {
      const exporter = new InMemorySpanExporter();
      using _spans = instrument(balancer, { tracerProvider: tracing(exporter), metrics: false });
      const numbers = function* numbers() {
        for (let i = 0; ; i++) yield i;
      };
      for await (const _ of balancer.stream(numbers)) break;
      for await (const _ of balancer.map(numbers(), (n) => n)) break;
      await until(() => balancer.stats().pending === 0);
      const spans = exporter.getFinishedSpans();
      expect(spans.map(({ attributes }) => attributes['leastwork.request.outcome'])).toContain('aborted');
      expect(spans.map(({ status }) => status.code)).not.toContain(SpanStatusCode.ERROR);
      expect(spans.some(({ attributes }) => 'error.type' in attributes)).toBe(false);
    }));

  it('spans that a task makes in its thread are children of its request, also after an await', () =>
    withBalancer({ workers: 1, preload: [threadSdk] }, async (balancer) => {
      const exporter = new InMemorySpanExporter();
      using _spans = instrument(balancer, { tracerProvider: tracing(exporter), metrics: false });
      for (let i = 0; i < 2; i++) {
        exporter.reset();
        const inThread = await balancer.submit(traced);
        const [request] = exporter.getFinishedSpans() as [ReadableSpan];
        const { traceId, spanId } = request.spanContext();
        expect(inThread).toEqual([
          { name: 'first', traceId, parent: spanId },
          { name: 'second', traceId, parent: spanId },
        ]);
      }
    }));

  it('are what a collector gets over OTLP', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const collector = createServer();
      collector.listen(0, '127.0.0.1');
      await once(collector, 'listening');
      const posted = once(collector, 'request').then(async ([request, response]) => {
        const body = await json(request);
        response.setHeader('Content-Type', 'application/json').end('{}');
        return { path: request.url, body } as { path: string; body: OtlpBody };
      });
      const { port } = collector.address() as AddressInfo;
      const provider = tracing(new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` }));
      using _spans = instrument(balancer, { tracerProvider: provider, metrics: false });
      await balancer.submit(plain, [1]);
      const { path, body } = await posted;
      await provider.shutdown();
      collector.close();
      expect(path).toBe('/v1/traces');
      const [scope] = body.resourceSpans[0]?.scopeSpans ?? [];
      expect(scope?.scope.name).toBe('leastwork');
      expect(scope?.spans.map(({ name, kind }) => ({ name, kind }))).toEqual([
        { name: 'tasks.mjs#plain', kind: 1 },
      ]);
    }));
});

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly { readonly name: string; readonly kind: number }[];
    }[];
  }[];
}

describe('metrics', () => {
  it('have the shape of those of a connection pool', () =>
    withSmallBalancer({ name: 'pictures', maxQueue: 7, window: 1 }, async (balancer) => {
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
      const meterProvider = new MeterProvider({ readers: [reader] });
      const instrumentation = instrument(balancer, { meterProvider, spans: false });
      await balancer.submit(plain, [1]);
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      const waiting = balancer.submit(plain, [2]);
      await meterProvider.forceFlush();
      const allMetrics = () =>
        exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
      const metrics = new Map(
        allMetrics().map(({ descriptor, dataPoints }) => [
          descriptor.name,
          { unit: descriptor.unit, dataPoints },
        ]),
      );
      const pool = { 'leastwork.pool.name': 'pictures' };
      const points = (name: string) =>
        metrics.get(name)?.dataPoints.map(({ attributes, value }) => ({ ...attributes, value }));
      expect(points('leastwork.request.pending')).toEqual([{ ...pool, value: 1 }]);
      expect(points('leastwork.request.pending.limit')).toEqual([{ ...pool, value: 7 }]);
      expect(points('leastwork.request.running')).toEqual([{ ...pool, value: 1 }]);
      expect(points('leastwork.worker.count')).toEqual([
        { ...pool, 'leastwork.worker.state': 'idle', value: 0 },
        { ...pool, 'leastwork.worker.state': 'used', value: 1 },
        { ...pool, 'leastwork.worker.state': 'starting', value: 0 },
        { ...pool, 'leastwork.worker.state': 'checking', value: 0 },
        { ...pool, 'leastwork.worker.state': 'draining', value: 0 },
        { ...pool, 'leastwork.worker.state': 'ejected', value: 0 },
      ]);
      expect(points('leastwork.request.count')).toContainEqual({
        ...pool,
        'leastwork.request.outcome': 'fulfilled',
        value: 1,
      });
      for (const name of ['leastwork.request.wait_time', 'leastwork.request.run_time']) {
        expect(metrics.get(name)?.unit).toBe('s');
        expect(points(name)).toMatchObject([
          { ...pool, 'leastwork.task.name': 'tasks.mjs#plain', value: { count: 1 } },
        ]);
      }
      gate.open();
      await Promise.all([running, waiting]);
      instrumentation.stop();
      exporter.reset();
      await balancer.submit(plain, [3]);
      await meterProvider.forceFlush();
      // The SDK goes on telling what it has counted before.
      const counts = allMetrics()
        .filter(({ descriptor }) => descriptor.name === 'leastwork.request.run_time')
        .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => (value as { count: number }).count));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
      await meterProvider.shutdown();
    }));
});

it('counts calls that no route of a Router has matched, and each item of a map', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const balancer = new Balancer({ workers: 1 });
  await using router = new Router({ square: balancer });
  instrument(router, { meterProvider, spans: false });
  await expect(router.submit(function other() {})).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' });
  const square = (n: number): number => n * n;
  for await (const _ of router.map([1, 2, 3, 4, 5], square, { batch: 5 }));
  // Results come one by one, the run is over a little later.
  await until(() => balancer.stats().pending === 0);
  await meterProvider.forceFlush();
  const points = (name: string) =>
    exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value));
  expect(points('leastwork.request.unrouted')).toEqual([1]);
  expect(points('leastwork.request.wait_time')).toMatchObject([{ count: 5 }]);
  expect(points('leastwork.request.run_time')).toMatchObject([{ count: 5 }]);
  await router.close();
  exporter.reset();
  await expect(router.submit(function other() {})).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' });
  await meterProvider.forceFlush();
  // The SDK goes on telling what it has counted before.
  expect(points('leastwork.request.unrouted')).toEqual([1]);
  await meterProvider.shutdown();
});

it('refuses a Balancer that the provider has, which would count twice, and one that is closed', async () => {
  const balancer = new Balancer({ workers: 1, name: 'one' });
  const router = new Router({ '*': balancer });
  const tracerProvider = tracing(new InMemorySpanExporter());
  const meterProvider = new MeterProvider();
  const spans = instrument(balancer, { tracerProvider, metrics: false });
  const again = expect.objectContaining({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining('again'),
  });
  expect(() => instrument(balancer, { tracerProvider, meterProvider })).toThrow(again);
  using _metrics = instrument(balancer, { meterProvider, spans: false });
  expect(() => instrument(router, { meterProvider, spans: false })).toThrow(again);
  spans.stop();
  using _spans = instrument(router, { tracerProvider, metrics: false });
  await balancer.close();
  for (const target of [balancer, router])
    expect(() => instrument(target)).toThrow(expect.objectContaining({ code: 'ERR_BALANCER_CLOSED' }));
});

it('refuses what makes no sense', () =>
  withBalancer({ workers: 1 }, async (balancer) => {
    for (const bad of [
      { spans: 1 },
      { meterProvider: {} },
      { tracerProvider: 7 },
      { spans: false, propagation: true },
      { x: 1 },
    ])
      expect(() => instrument(balancer, bad as object)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
      );
    expect(() => instrument({} as Balancer)).toThrow(/a Balancer or a Router/);
  }));
