/** Metrics and spans of Balancers for OpenTelemetry. */
import type { Balancer } from '../balancer.js';
import { BalancerClosedError, InvalidOptionError } from '../errors/errors.js';
import { invalid } from '../options/validate.js';
import type { Router, Submitter } from '../router/router.js';
import { type Observation, observationsOf, unroutedOf } from '../stats/observation.js';
import { openTelemetry } from './api.js';
import { callSdk, GuardedObserver } from './guarded-observer.js';
import { measuresOf } from './measures.js';
import { type OpenTelemetryOptions, openTelemetrySettings } from './options.js';
import { Spans } from './spans.js';

const SCOPE = 'leastwork';

/** The providers that have metrics or spans of a Balancer. */
const instrumented = new WeakMap<Observation, Set<object>>();

/** What `instrument` has begun. */
export interface Instrumentation {
  /**
   * Ends it: spans that are open end now, and what the metrics have counted stays. It ends with its
   * Balancers, too.
   */
  stop(): void;
  [Symbol.dispose](): void;
}

/**
 * Has a Balancer, or each Balancer of a Router, make spans and metrics. docs/opentelemetry.md lists them.
 *
 * @example
 * const balancer = new Balancer({ name: 'thumbnails', preload: [new URL('thread-sdk.js', import.meta.url)] })
 * instrument(balancer)
 *
 * @throws InvalidOptionError also where the Balancer has metrics, or spans, at the same provider already
 * @throws BalancerClosedError
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`: @opentelemetry/api is not installed
 */
export function instrument(
  target: Balancer | Router<Submitter>,
  options: OpenTelemetryOptions = {},
): Instrumentation {
  const settings = openTelemetrySettings(options);
  const observations = typeof target === 'object' && target !== null ? observationsOf(target) : [];
  if (observations.length === 0) throw invalid('instrument(target)', target, 'a Balancer or a Router');
  if (observations.every(({ isClosed }) => isClosed)) throw new BalancerClosedError('the Balancer is closed');
  const api = openTelemetry();
  const meters = settings.meterProvider ?? api.metrics;
  const tracers = settings.tracerProvider ?? api.trace;
  const providers = [...(settings.metrics ? [meters] : []), ...(settings.spans ? [tracers] : [])];
  for (const observation of observations) mustBeNew(observation, providers);
  const measures = settings.metrics ? measuresOf(meters.getMeter(SCOPE)) : undefined;
  const tracer = tracers.getTracer(SCOPE);
  const begin = (observation: Observation): (() => void) => {
    const stops: (() => void)[] = [claim(observation, providers)];
    const call = callSdk(api, observation);
    if (measures !== undefined) stops.push(measures.measure(observation, call));
    if (settings.spans) {
      const spans = new Spans(api, tracer, observation.name, call);
      stops.push(observation.observe(new GuardedObserver(spans, call)), () => spans.stop());
      if (settings.propagation) stops.push(observation.propagate(spans.capture));
    }
    const end = (): void => {
      for (const stop of stops.splice(0)) stop();
    };
    stops.push(observation.onClosed(end));
    return end;
  };
  const open = observations.filter(({ isClosed }) => !isClosed);
  const ends = open.map(begin);
  const unrouted = unroutedOf(target);
  if (measures !== undefined && unrouted !== undefined)
    ends.push(whileOpen(open, measures.measureUnrouted(target, unrouted)));
  const stop = (): void => {
    for (const end of ends.splice(0)) end();
  };
  return { stop, [Symbol.dispose]: stop };
}

/** Calls `end` when the last of them is closed. @returns calls it now */
function whileOpen(observations: readonly Observation[], end: () => void): () => void {
  const open = new Set(observations);
  const forgets = observations.map((observation) =>
    observation.onClosed(() => {
      open.delete(observation);
      if (open.size === 0) end();
    }),
  );
  return () => {
    for (const forget of forgets) forget();
    end();
  };
}

/** @throws InvalidOptionError all of it would count twice */
function mustBeNew(observation: Observation, providers: readonly object[]): void {
  const taken = instrumented.get(observation);
  if (!providers.some((provider) => taken?.has(provider))) return;
  const allowed = 'one that is not instrumented with these providers: stop() what it has';
  throw new InvalidOptionError('instrument(target)', `the Balancer '${observation.name}' again`, allowed);
}

/** @returns gives the providers back */
function claim(observation: Observation, providers: readonly object[]): () => void {
  const taken = instrumented.get(observation) ?? new Set();
  instrumented.set(observation, taken);
  for (const provider of providers) taken.add(provider);
  return () => {
    for (const provider of providers) taken.delete(provider);
  };
}
