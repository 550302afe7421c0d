import { Balancer, BalancerError, tasks } from 'leastwork';

const { sha256 } = tasks<typeof import('./digest.js')>(new URL('./digest.js', import.meta.url));
const balancer = new Balancer({ workers: 2 });
const sum: number = await balancer.submit((a: number, b: number) => a + b, [1, 2]);
const digest: string = await balancer.submit(sha256, ['abc']);
console.log(sum);
console.log(digest);

// @ts-expect-error sha256 takes a string
const wrong = balancer.submit(sha256, [1]);
await wrong.catch((error: unknown) => {
  if (error instanceof BalancerError) throw error;
});
await balancer.close();
