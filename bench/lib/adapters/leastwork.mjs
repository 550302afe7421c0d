import { Balancer, tasks } from 'leastwork';
import { TASKS_URL } from './rival.mjs';

/**
 * All options at their defaults, but for those that a benchmark varies.
 * @param {import('leastwork').BalancerOptions} [options]
 * @returns {import('./rival.mjs').Rival}
 */
export function create(options = {}) {
  const module = tasks(TASKS_URL);
  /** @type {Record<string, any>} */
  const byName = {};
  /** @type {Balancer} */
  let balancer;
  return {
    name: 'leastwork',
    package: 'leastwork',
    settings: 'defaults, module tasks',
    start(workers) {
      balancer = new Balancer({ ...options, workers });
    },
    run(taskName, arg, transfer, key) {
      byName[taskName] ??= module[taskName];
      const submitOptions = transfer !== undefined || key !== undefined ? { transfer, key } : undefined;
      // A task without an argument gets no array of arguments, as with the others.
      return balancer.submit(byName[taskName], arg === undefined ? undefined : [arg], submitOptions);
    },
    close: () => balancer.close(),
  };
}
