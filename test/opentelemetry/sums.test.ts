import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Balancer, Router } from 'leastwork';
import { instrument } from 'leastwork/opentelemetry';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../support/until.js';

let exporter: InMemoryMetricExporter;
let meterProvider: MeterProvider;
beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  meterProvider = new MeterProvider({ readers: [reader] });
});
afterEach(() => meterProvider.shutdown());

/** The values of a metric that are not 0, each after its outcome or state. */
async function told(name: string): Promise<readonly string[]> {
  exporter.reset();
  await meterProvider.forceFlush();
  return exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ dataPoints }) => dataPoints as DataPoint<number>[])
    .filter(({ value }) => value !== 0)
    .map(({ attributes, value }) => {
      const { 'leastwork.request.outcome': outcome, 'leastwork.worker.state': state } = attributes;
      return `${attributes['leastwork.pool.name']} ${outcome ?? state ?? ''} ${value}`;
    });
}

const one = (): number => 1;

it('adds up Balancers of one name', async () => {
  await using first = new Balancer({ workers: 1, maxQueue: 5 });
  await using second = new Balancer({ workers: 2, maxQueue: 7 });
  for (const balancer of [first, second]) instrument(balancer, { meterProvider, spans: false });
  await Promise.all([first.submit(one), second.submit(one), second.submit(one)]);
  await until(() =>
    [...first.stats().workers, ...second.stats().workers].every(({ state }) => state === 'ready'),
  );
  expect(await told('leastwork.request.count')).toEqual(['leastwork fulfilled 3']);
  expect(await told('leastwork.worker.count')).toEqual(['leastwork idle 3']);
  expect(await told('leastwork.request.pending.limit')).toEqual(['leastwork  12']);
});

it('keeps what was counted when a Balancer is closed before anybody has asked, and forgets its workers', async () => {
  const first = new Balancer({ workers: 1, maxQueue: 5 });
  instrument(first, { meterProvider, spans: false });
  await first.submit(one);
  expect(await told('leastwork.worker.count')).toEqual(['leastwork idle 1']);
  await first.submit(one);
  await first.close();
  expect(await told('leastwork.worker.count')).toEqual([]);
  expect(await told('leastwork.request.pending.limit')).toEqual([]);
  expect(await told('leastwork.request.count')).toEqual(['leastwork fulfilled 2']);
  await using second = new Balancer({ workers: 1 });
  instrument(second, { meterProvider, spans: false });
  await second.submit(one);
  expect(await told('leastwork.request.count')).toEqual(['leastwork fulfilled 3']);
});

it('counts nothing twice where a Balancer, or a Router, is instrumented again', async () => {
  const balancer = new Balancer({ workers: 1 });
  await using router = new Router({ one: balancer });
  for (let times = 1; times <= 3; times++) {
    using _metrics = instrument(router, { meterProvider, spans: false });
    await router.submit(one);
    await router.submit(function other() {}).catch(() => {});
    expect(await told('leastwork.request.count')).toEqual([`leastwork fulfilled ${times}`]);
    expect(await told('leastwork.request.unrouted')).toEqual([`undefined  ${times}`]);
  }
});

it('adds up the calls that no route of several Routers has matched', async () => {
  await using first = new Router({ one: new Balancer({ workers: 1 }) });
  await using second = new Router({ one: new Balancer({ workers: 1 }) });
  for (const router of [first, second]) {
    instrument(router, { meterProvider, spans: false });
    await router.submit(function other() {}).catch(() => {});
  }
  expect(await told('leastwork.request.unrouted')).toEqual(['undefined  2']);
});

it('tells 200 tasks of a pool apart, in however many Balancers, so that series do not grow without end', async () => {
  await using first = new Balancer({ name: 'many', workers: 1 });
  await using second = new Balancer({ name: 'many', workers: 1 });
  for (const balancer of [first, second]) instrument(balancer, { meterProvider, spans: false });
  const named = (i: number) => new Function(`return function task${i}() {}`)() as () => void;
  for (let i = 0; i < 300; i++) await (i < 150 ? first : second).submit(named(i));
  await meterProvider.forceFlush();
  const points = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter(({ descriptor }) => descriptor.name === 'leastwork.request.run_time')
    .flatMap(({ dataPoints }) => dataPoints as DataPoint<Histogram>[]);
  const counts = new Map(
    points.map(({ attributes, value }) => [attributes['leastwork.task.name'], value.count]),
  );
  expect([counts.size, counts.get('task199'), counts.get('(other)')]).toEqual([201, 1, 100]);
});
