import { once } from 'node:events';
import type { Balancer, BalancerEvents } from 'leastwork';

/** Resolves with the payload of the next event of that name. To be called before its cause. */
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
