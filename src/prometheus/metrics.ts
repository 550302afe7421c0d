/** Metrics of Balancers in a registry of prom-client: they are read when Prometheus asks. */
import type { Counter, Gauge, Histogram, MetricValueWithName, Registry } from 'prom-client';
import type { Balancer } from '../balancer.js';
import { BalancerClosedError, InvalidOptionError } from '../errors/errors.js';
import { requireOptional } from '../errors/optional-package.js';
import { invalid } from '../options/validate.js';
import type { Router, Submitter } from '../router/router.js';
import { type Observation, observationsOf, unroutedOf } from '../stats/observation.js';
import type { BalancerStats } from '../stats/stats.js';
import { workersByState } from '../stats/worker-stats.js';
import { BucketCounts, type TaskTimes, TimesByTask } from './buckets.js';
import { type PrometheusOptions, type PrometheusSettings, prometheusSettings } from './options.js';

type PromClient = typeof import('prom-client');

/** What `prometheusMetrics` has begun. */
export interface PrometheusMetrics {
  /** The series of these Balancers end. Those of a Balancer that is closed go on until then. */
  stop(): void;
  [Symbol.dispose](): void;
}

/** One Balancer among those of a registry. */
interface Pool {
  readonly observation: Observation;
  readonly name: string;
  readonly stats: () => BalancerStats;
  readonly times: TimesByTask;
}

/** The metrics of one registry and prefix, for all Balancers in it. */
interface Collection {
  readonly pools: Set<Pool>;
  /** Numbers of calls that no route has matched, of each Router. */
  readonly unrouted: Set<() => number>;
  readonly buckets: readonly number[];
}

const collections = new WeakMap<Registry, Map<string, Collection>>();

/**
 * Registers metrics of a Balancer, or of each Balancer of a Router, with the label `pool` (the Balancer's
 * option `name`). Several Balancers may go into one registry; those of the same name are added up. Each may
 * be there once: else all of it would count twice. docs/prometheus.md lists the metrics. Each request costs
 * two bucket counts.
 *
 * @example
 * prometheusMetrics(balancer)
 * server.get('/metrics', async (_, response) => response.end(await register.metrics()))
 *
 * @throws InvalidOptionError also where the registry has the Balancer already, under the same prefix
 * @throws BalancerClosedError
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`: prom-client is not installed
 */
export function prometheusMetrics(
  target: Balancer | Router<Submitter>,
  options: PrometheusOptions = {},
): PrometheusMetrics {
  const settings = prometheusSettings(options);
  const observations = typeof target === 'object' && target !== null ? observationsOf(target) : [];
  if (observations.length === 0) throw invalid('prometheusMetrics(target)', target, 'a Balancer or a Router');
  if (observations.every(({ isClosed }) => isClosed)) throw new BalancerClosedError('the Balancer is closed');
  const client = requireOptional('prom-client', 'leastwork/prometheus') as PromClient;
  const { pools, unrouted, buckets } = collectionOf(client, settings);
  const twice = [...pools].find(({ observation }) => observations.includes(observation));
  if (twice !== undefined) {
    const allowed = 'one that the registry has not: stop() what it has, or use another register or prefix';
    throw new InvalidOptionError('prometheusMetrics(target)', `the Balancer '${twice.name}' again`, allowed);
  }
  const stops = observations.map((observation) => addPool(pools, observation, buckets));
  const read = unroutedOf(target);
  if (read !== undefined) unrouted.add(read);
  const stop = (): void => {
    for (const each of stops) each();
    if (read !== undefined) unrouted.delete(read);
  };
  return { stop, [Symbol.dispose]: stop };
}

function addPool(pools: Set<Pool>, observation: Observation, buckets: readonly number[]): () => void {
  const times = new TimesByTask(buckets);
  const pool = { observation, name: observation.name, stats: observation.statsReader(), times };
  const unobserve = observation.observe(times);
  pools.add(pool);
  return () => {
    unobserve();
    pools.delete(pool);
  };
}

/** @throws InvalidOptionError the registry has them already, with other buckets */
function collectionOf(client: PromClient, settings: PrometheusSettings): Collection {
  const { register = client.register, prefix, buckets } = settings;
  const byPrefix = collections.get(register) ?? new Map<string, Collection>();
  collections.set(register, byPrefix);
  const known = byPrefix.get(prefix);
  // Since then the registry may have been cleared, and all that was in it has ended.
  if (known !== undefined && register.getSingleMetric(`${prefix}requests_total`) !== undefined) {
    if (known.buckets.join() === buckets.join()) return known;
    const allowed = `those of the other Balancers in this registry: ${known.buckets.join(', ')}`;
    throw invalid('prometheusMetrics options.buckets', buckets, allowed);
  }
  const collection: Collection = { pools: new Set(), unrouted: new Set(), buckets };
  byPrefix.set(prefix, collection);
  registerMetrics(client, register, prefix, collection);
  return collection;
}

function registerMetrics(
  client: PromClient,
  register: Registry,
  prefix: string,
  collection: Collection,
): void {
  const registers = [register];
  const { pools, unrouted } = collection;
  const gauge = (
    name: string,
    help: string,
    labels: readonly string[],
    collect: (stats: BalancerStats, set: (value: number, labels?: Record<string, string>) => void) => void,
  ): Gauge =>
    new client.Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames: ['pool', ...labels],
      registers,
      collect() {
        this.reset();
        for (const { name: pool, stats } of pools)
          collect(stats(), (value, more) => this.inc({ pool, ...more }, value));
      },
    });
  const counter = (
    name: string,
    help: string,
    labels: readonly string[],
    collect: (stats: BalancerStats, add: (value: number, labels?: Record<string, string>) => void) => void,
  ): Counter =>
    new client.Counter({
      name: `${prefix}${name}`,
      help,
      labelNames: ['pool', ...labels],
      registers,
      collect() {
        this.reset();
        for (const { name: pool, stats } of pools)
          collect(stats(), (value, more) => this.inc({ pool, ...more }, value));
      },
    });
  counter(
    'requests_total',
    'Requests that are settled, by what became of them',
    ['outcome'],
    (stats, add) => {
      for (const [outcome, count] of Object.entries(stats.outcomes)) add(count, { outcome });
    },
  );
  counter('requests_refused_total', 'Requests that were refused, by why', ['reason'], (stats, add) => {
    for (const [reason, count] of Object.entries(stats.refusals)) add(count, { reason });
  });
  new client.Counter({
    name: `${prefix}requests_unrouted_total`,
    help: 'Calls that no route of a Router has matched: they came to no Balancer',
    registers,
    collect() {
      this.reset();
      for (const read of unrouted) this.inc(read());
    },
  });
  counter('requests_submitted_total', 'Requests that were submitted', [], (stats, add) =>
    add(stats.submitted),
  );
  counter('requests_retried_total', 'Requests that were run again after a crash', [], (stats, add) => {
    add(stats.retried);
  });
  counter('run_seconds_total', 'Sum of the run times', [], (stats, add) => add(stats.busyTime / 1000));
  counter('workers_ejected_total', 'Workers that were taken out as broken', [], (stats, add) => {
    add(stats.ejected);
  });
  counter('workers_started_total', 'Threads that were started', [], (stats, add) => {
    add(stats.threads.started);
  });
  counter('workers_crashed_total', 'Threads that have died', [], (stats, add) => add(stats.threads.crashed));
  gauge('requests_pending', 'Requests that wait', [], (stats, set) => set(stats.waiting));
  gauge('requests_running', 'Requests that threads run', [], (stats, set) => set(stats.running));
  gauge('requests_pending_limit', 'How many requests may wait: maxQueue', [], (stats, set) => {
    if (stats.maxQueue !== undefined) set(stats.maxQueue);
  });
  gauge('workers', 'Worker threads, by state', ['state'], (stats, set) => {
    for (const [state, count] of workersByState(stats.workers)) set(count, { state });
  });
  histogram(
    client,
    registers,
    `${prefix}request_wait_seconds`,
    'From submit to the start of the run',
    'wait',
    collection,
  );
  histogram(client, registers, `${prefix}request_run_seconds`, 'Run time', 'run', collection);
}

/**
 * A histogram whose counts are kept by task, and become values only when they are asked for: prom-client's
 * own `observe` looks up labels by text each time, which takes longer than many a task.
 */
function histogram(
  client: PromClient,
  registers: Registry[],
  name: string,
  help: string,
  kind: keyof TaskTimes,
  { pools, buckets }: Collection,
): void {
  const made: Histogram<'pool' | 'task'> = new client.Histogram({
    name,
    help,
    labelNames: ['pool', 'task'],
    buckets: [...buckets],
    registers,
  });
  const values = (): MetricValueWithName<string>[] => {
    const sums = new Map<string, { pool: string; task: string; counts: BucketCounts }>();
    for (const { name: pool, times } of pools) {
      for (const [task, { [kind]: counts }] of times.tasks) {
        const key = JSON.stringify([pool, task]);
        const sum = sums.get(key) ?? { pool, task, counts: new BucketCounts(buckets) };
        sum.counts.add(counts);
        sums.set(key, sum);
      }
    }
    return [...sums.values()].flatMap(({ pool, task, counts }) => {
      let total = 0;
      const cumulative = counts.counts.map((count, i) => {
        total += count;
        return {
          metricName: `${name}_bucket`,
          labels: { le: buckets[i] ?? '+Inf', pool, task },
          value: total,
        };
      });
      return [
        ...cumulative,
        { metricName: `${name}_sum`, labels: { pool, task }, value: counts.sum },
        { metricName: `${name}_count`, labels: { pool, task }, value: total },
      ];
    });
  };
  const all = async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: values() });
  // `getForPromString`: the same with labels that are shared, from 15.1.
  Object.assign(made, { get: all, getForPromString: all });
}
