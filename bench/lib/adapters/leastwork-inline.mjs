import { Balancer } from 'leastwork';

/** Inline functions: their source is sent, so each must stand alone. */
const functions = {
  noop: () => {},
};

/**
 * The same Balancer given an inline function instead of a module's export.
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  /** @type {Balancer} */
  let balancer;
  return {
    name: 'leastwork, inline function',
    package: 'leastwork',
    settings: 'defaults, inline function',
    start(workers) {
      balancer = new Balancer({ workers });
    },
    run: (taskName, arg) => balancer.submit(functions[taskName], [arg]),
    close: () => balancer.close(),
  };
}
