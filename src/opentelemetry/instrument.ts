/** Metrics and spans of Balancers for OpenTelemetry. */
import type { Balancer } from '../balancer.js';
import { invalid } from '../options/validate.js';
import type { Router, Submitter } from '../router.js';
import { type Observation, observationsOf } from '../stats/observation.js';
import { openTelemetry } from './api.js';
import { measure } from './measures.js';
import { type OpenTelemetryOptions, openTelemetrySettings } from './options.js';
import { Spans } from './spans.js';

const SCOPE = 'leastwork';

/** What `instrument` has begun. */
export interface Instrumentation {
  /** Ends it: spans that are open end now. It ends with its Balancers, too. */
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
 * @throws InvalidOptionError
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`: @opentelemetry/api is not installed
 */
export function instrument(
  target: Balancer | Router<Submitter>,
  options: OpenTelemetryOptions = {},
): Instrumentation {
  const settings = openTelemetrySettings(options);
  const observations = typeof target === 'object' && target !== null ? observationsOf(target) : [];
  if (observations.length === 0) throw invalid('instrument(target)', target, 'a Balancer or a Router');
  const api = openTelemetry();
  const meter = (settings.meterProvider ?? api.metrics).getMeter(SCOPE);
  const tracer = (settings.tracerProvider ?? api.trace).getTracer(SCOPE);
  const begin = (observation: Observation): (() => void) => {
    const stops: (() => void)[] = [];
    if (settings.metrics) stops.push(measure(meter, observation));
    if (settings.spans) {
      const spans = new Spans(api, tracer, observation.name);
      stops.push(observation.observe(spans), () => spans.stop());
      if (settings.propagation) stops.push(observation.propagate(spans.capture));
    }
    const end = (): void => {
      for (const stop of stops.splice(0)) stop();
    };
    stops.push(observation.onClosed(end));
    return end;
  };
  const ends = observations.map(begin);
  const stop = (): void => {
    for (const end of ends) end();
  };
  return { stop, [Symbol.dispose]: stop };
}
