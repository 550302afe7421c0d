/// <reference types="node" preserve="true" />
/** `leastwork/prometheus`: metrics of Balancers for Prometheus, by the optional package `prom-client`. */
export { type PrometheusMetrics, prometheusMetrics } from './metrics.js';
export type { PrometheusOptions } from './options.js';
