/** Options of `instrument`. */
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { BOOLEAN, invalid, ownValue, resolve, validateNames } from '../options/validate.js';

export interface OpenTelemetryOptions {
  /** Default: the one that is registered globally. */
  meterProvider?: MeterProvider;
  /** Default: the one that is registered globally. */
  tracerProvider?: TracerProvider;
  /** Whether requests become spans. Default true. */
  spans?: boolean;
  /** Whether there are metrics. Default true. */
  metrics?: boolean;
  /**
   * Whether the context of each request goes into its thread, for spans that are made there. Such a request
   * is sent by message, which takes some µs. Default: as `spans`.
   */
  propagation?: boolean;
}

export interface OpenTelemetrySettings {
  readonly meterProvider: MeterProvider | undefined;
  readonly tracerProvider: TracerProvider | undefined;
  readonly spans: boolean;
  readonly metrics: boolean;
  readonly propagation: boolean;
}

/** @throws InvalidOptionError */
export function openTelemetrySettings(given: OpenTelemetryOptions): OpenTelemetrySettings {
  validateNames('instrument options', given, [
    'meterProvider',
    'tracerProvider',
    'spans',
    'metrics',
    'propagation',
  ]);
  const own = <Name extends keyof OpenTelemetryOptions>(name: Name): OpenTelemetryOptions[Name] =>
    ownValue(given, name);
  const spans = resolve('instrument options.spans', own('spans'), BOOLEAN, true);
  const propagation = resolve('instrument options.propagation', own('propagation'), BOOLEAN, spans);
  if (propagation && !spans) {
    throw invalid(
      'instrument options.propagation',
      true,
      'false where spans is: it is the context of a span',
    );
  }
  return {
    meterProvider: provider('meterProvider', own('meterProvider'), 'getMeter'),
    tracerProvider: provider('tracerProvider', own('tracerProvider'), 'getTracer'),
    spans,
    metrics: resolve('instrument options.metrics', own('metrics'), BOOLEAN, true),
    propagation,
  };
}

function provider<T extends object>(
  name: string,
  given: T | undefined,
  method: keyof T & string,
): T | undefined {
  if (given === undefined || typeof given?.[method] === 'function') return given;
  throw invalid(`instrument options.${name}`, given, `an object with ${method}`);
}
