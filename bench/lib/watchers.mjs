import { tracingChannel } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveDashboard } from 'leastwork/dashboard';
import { prometheusMetrics } from 'leastwork/prometheus';
import { Registry } from 'prom-client';

/**
 * The ways in which a Balancer can be watched, for `bench/observe.mjs`.
 *
 * @typedef {object} Watcher
 * @property {string} name
 * @property {string} settings
 * @property {import('leastwork').BalancerOptions} [options] of the Balancer
 * @property {(balancer: import('leastwork').Balancer) => Promise<() => unknown> | (() =>
 *   unknown)} [watch] before each
 *   measurement; returns what ends it
 */

function ignore() {}

const subscribers = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: ignore, error: ignore };

/** @type {Watcher[]} */
export const watchers = [
  { name: 'off', settings: 'nobody listens' },
  { name: 'off, once more', settings: 'the same: how far apart two equal ones are' },
  {
    name: 'channels',
    settings: "a subscriber of tracingChannel('leastwork:request')",
    watch: () => {
      tracingChannel('leastwork:request').subscribe(subscribers);
      return () => tracingChannel('leastwork:request').unsubscribe(subscribers);
    },
  },
  { name: 'metrics', settings: 'metrics: true', options: { metrics: true } },
  {
    name: 'metrics, read',
    settings: 'metrics: true; stats() and an interval of the histograms every 100 ms',
    options: { metrics: true },
    watch: (balancer) => {
      const reader = balancer.metrics().reader();
      const timer = setInterval(() => {
        balancer.stats();
        reader.read();
      }, 100);
      return () => clearInterval(timer);
    },
  },
  {
    name: 'trace',
    settings: 'balancer.trace(file)',
    watch: (balancer) => {
      const folder = mkdtempSync(join(tmpdir(), 'leastwork-trace-'));
      const trace = balancer.trace(join(folder, 'run.trace.json'));
      return async () => {
        await trace.stop();
        rmSync(folder, { recursive: true });
      };
    },
  },
  {
    name: 'dashboard, open',
    settings: 'serveDashboard(balancer), with one page connected',
    watch: async (balancer) => {
      const dashboard = await serveDashboard(balancer, { port: 0 });
      const asked = get(new URL('events', dashboard.url), (response) => response.resume());
      asked.on('error', () => {});
      await new Promise((resolve) => asked.once('response', resolve));
      return () => dashboard.close();
    },
  },
  {
    name: 'Prometheus, scraped',
    settings: 'prometheusMetrics(balancer), read every 500 ms',
    watch: (balancer) => {
      const register = new Registry();
      const metrics = prometheusMetrics(balancer, { register });
      const timer = setInterval(() => void register.metrics(), 500);
      return () => {
        clearInterval(timer);
        metrics.stop();
      };
    },
  },
];
