/** What the tests of workers that come and go have in common. */
import { once } from 'node:events';
import { Balancer, type BalancerEvents, type BalancerOptions } from 'leastwork';

/** Runs a test with a Balancer, which is closed after it. */
export async function withBalancer(
  options: BalancerOptions,
  test: (balancer: Balancer) => Promise<void>,
): Promise<void> {
  const balancer = new Balancer(options);
  try {
    await test(balancer);
    await balancer.close();
  } finally {
    await balancer.close({ timeout: 0 });
  }
}

/** Resolves with the payload of the next event of that name. To be called before what brings it about. */
export async function next<E extends keyof BalancerEvents>(
  balancer: Balancer,
  event: E,
): Promise<BalancerEvents[E][0]> {
  const [payload] = await once(balancer, event);
  return payload;
}

/** Resolves when that many events of that name have come since the call. */
export function several(balancer: Balancer, event: keyof BalancerEvents, count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    const listen = (): void => {
      if (--left > 0) return;
      balancer.off(event, listen);
      resolve();
    };
    balancer.on(event, listen);
  });
}

/** Counts events of that name from now on. */
export function counter(balancer: Balancer, event: keyof BalancerEvents): { readonly count: number } {
  const counted = { count: 0 };
  balancer.on(event, () => {
    counted.count++;
  });
  return counted;
}

/** Resolves when each worker of a fixed number is ready. */
export async function allReady(balancer: Balancer): Promise<void> {
  const starting = balancer.stats().workers.filter(({ state }) => state !== 'ready');
  if (starting.length > 0) await several(balancer, 'workerStart', starting.length);
}

/** Ids of the workers that are ready. */
export function readyIds(balancer: Balancer): number[] {
  return balancer
    .stats()
    .workers.filter(({ state }) => state === 'ready')
    .map(({ id }) => id);
}
