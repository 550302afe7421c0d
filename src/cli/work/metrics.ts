/** The numbers of a machine for Prometheus, where prom-client is installed. */
import type { Machine } from '../../cluster/index.js';
import { requireOptional } from '../../errors/optional-package.js';
import { prometheusMetrics } from '../../prometheus/index.js';

type Answer = { readonly type: string; readonly text: string };

/** Metrics are counted from the first call on, or from now if the package is there. */
export function metricsOf(machine: Machine): () => Promise<Answer> {
  let client: typeof import('prom-client');
  try {
    client = requireOptional('prom-client', '/metrics') as typeof client;
  } catch (error) {
    return () => Promise.reject(error);
  }
  const register = new client.Registry();
  prometheusMetrics(machine.balancer, { register });
  new client.Counter({
    name: 'leastwork_machine_jobs_total',
    help: 'Jobs of the cluster, by what became of them on this machine',
    labelNames: ['outcome'],
    registers: [register],
    collect() {
      this.reset();
      for (const [outcome, count] of Object.entries(machine.stats().jobs)) this.inc({ outcome }, count);
    },
  });
  new client.Gauge({
    name: 'leastwork_machine_running_jobs',
    help: 'Jobs that this machine runs',
    registers: [register],
    collect() {
      this.set(machine.stats().running);
    },
  });
  return async () => ({ type: register.contentType, text: await register.metrics() });
}
