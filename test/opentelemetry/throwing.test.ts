import { DiagLogLevel, diag, propagation } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Balancer, tasks } from 'leastwork';
import { instrument } from 'leastwork/opentelemetry';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { collect } from '../support/collect.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';

const told: unknown[] = [];
beforeEach(() => {
  told.length = 0;
  const ignore = (): void => {};
  const error = (_message: string, cause: unknown): void => void told.push((cause as Error).message);
  diag.setLogger({ error, warn: ignore, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.ERROR);
});
afterEach(() => diag.disable());

function tracing(processor: Partial<SpanProcessor>): BasicTracerProvider {
  const idle = async (): Promise<void> => {};
  const whole = { onStart() {}, onEnd() {}, forceFlush: idle, shutdown: idle, ...processor };
  return new BasicTracerProvider({ spanProcessors: [whole] });
}

function broken(what: string): () => never {
  return () => {
    throw new Error(what);
  };
}

/** All kinds of calls, each of which must end as it does without an SDK. */
async function callAll(balancer: Balancer): Promise<void> {
  expect(await balancer.submit(faults.echo, [1])).toBe(1);
  await expect(balancer.submit(faults.thrower, ['no'])).rejects.toThrow('no');
  expect(await collect(balancer.map([1, 2], faults.echo))).toEqual([1, 2]);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(balancer.submit(faults.echo, [1], { signal })).rejects.toThrow('enough');
  const { submitted, queued, running, outcomes } = balancer.stats();
  expect({ submitted, queued, running }).toEqual({ submitted: 5, queued: 0, running: 0 });
  expect(outcomes).toMatchObject({ fulfilled: 3, failed: 1, aborted: 1 });
}

describe('an SDK that throws costs no request, and the error goes to diag', () => {
  it('in a propagator, on either side', () =>
    withSmallBalancer(
      { preload: [new URL('programs/thread-throwing.mjs', import.meta.url)] },
      async (balancer) => {
        propagation.setGlobalPropagator({
          inject: broken('inject'),
          extract: broken('extract'),
          fields: () => [],
        });
        onTestFinished(() => propagation.disable());
        const { tell } = tasks<{ tell(): string[] }>(
          new URL('programs/thread-throwing.mjs', import.meta.url),
        );
        const instrumentation = instrument(balancer, { tracerProvider: tracing({}), metrics: false });
        await callAll(balancer);
        expect(new Set(told)).toEqual(new Set(['inject']));
        instrumentation.stop();
        propagation.disable();
        instrument(balancer, { tracerProvider: tracing({}), metrics: false });
        expect(new Set(await balancer.submit(tell))).toEqual(new Set(['extract']));
      },
    ));

  it.each(['onStart', 'onEnd'] as const)('in %s of a span processor', (method) =>
    withSmallBalancer({}, async (balancer) => {
      instrument(balancer, { tracerProvider: tracing({ [method]: broken(method) }), metrics: false });
      await callAll(balancer);
      expect(new Set(told)).toEqual(new Set([method]));
    }),
  );

  it('in a histogram', () =>
    withSmallBalancer({}, async (balancer) => {
      const meterProvider = new MeterProvider();
      const { getMeter } = meterProvider;
      meterProvider.getMeter = (...args) => {
        const meter = getMeter.apply(meterProvider, args);
        meter.createHistogram = () => ({ record: broken('record') });
        return meter;
      };
      instrument(balancer, { meterProvider, spans: false });
      await callAll(balancer);
      expect(new Set(told)).toEqual(new Set(['record']));
    }));

  it('in the end of a span that is open when the instrumentation is stopped', () =>
    withSmallBalancer({}, async (balancer) => {
      const tracerProvider = tracing({ onEnd: broken('onEnd') });
      const instrumentation = instrument(balancer, { tracerProvider, metrics: false });
      const gate = new Gate();
      const running = [1, 2].map(() => balancer.submit(faults.blocked, [gate.words]));
      instrumentation.stop();
      expect(told).toEqual(['onEnd', 'onEnd']);
      gate.open();
      await Promise.all(running);
    }));
});

it('a span may submit, and close the Balancer', () =>
  withSmallBalancer({}, async (balancer) => {
    let second: Promise<number> | undefined;
    let closing: Promise<void> | undefined;
    const ended: string[] = [];
    const onEnd = ({ name }: ReadableSpan): void => {
      ended.push(name);
      if (name === 'first') second ??= balancer.submit(function last() {}).then(() => 2);
      if (name === 'last') closing = balancer.close();
    };
    instrument(balancer, { tracerProvider: tracing({ onEnd }), metrics: false });
    await balancer.submit(function first() {});
    expect(await second).toBe(2);
    await closing;
    expect(ended).toEqual(['first', 'last']);
  }));

describe('the reason of an abort may resist being looked at', () => {
  const getter = (field: string): Error =>
    Object.defineProperty(new Error('x'), field, { get: broken(field) });
  it.each([
    ['an object without a prototype', Object.create(null)],
    ['one whose text throws', { toString: broken('text') }],
    ['an error whose code throws', getter('code')],
    ['an error whose name throws', getter('name')],
    ['an error whose message throws', getter('message')],
  ])('%s', (_, reason) =>
    withSmallBalancer({}, async (balancer) => {
      const ended: ReadableSpan[] = [];
      const tracerProvider = tracing({ onEnd: (span) => void ended.push(span) });
      instrument(balancer, { tracerProvider, metrics: false });
      const controller = new AbortController();
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words], { signal: controller.signal });
      await gate.reached();
      controller.abort(reason);
      const rejected = await running.then(
        () => false,
        (error) => error === reason,
      );
      gate.open();
      expect(rejected).toBe(true);
      expect(ended.map(({ attributes }) => attributes['leastwork.request.outcome'])).toEqual(['aborted']);
    }),
  );
});
