import { tracingChannel } from 'node:diagnostics_channel';

/**
 * The ways in which a Balancer can be watched, for `bench/observe.mjs`.
 *
 * @typedef {object} Watcher
 * @property {string} name
 * @property {string} settings
 * @property {import('../../dist/src/index.js').BalancerOptions} [options] of the Balancer
 * @property {(balancer: import('../../dist/src/index.js').Balancer) => Promise<() => unknown> | (() => unknown)} [watch] before each
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
];
