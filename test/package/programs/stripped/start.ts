// Run as it is, by a Node that strips types or with a loader such as tsx.
import { Balancer, tasks } from 'leastwork';

interface Point {
  x: number;
}
const balancer: Balancer = new Balancer({ workers: 1 });
const { twice } = tasks<typeof import('./points.ts')>(new URL('./points.ts', import.meta.url));
const results: number[] = [
  await balancer.submit(twice, [{ x: 4 }]),
  await balancer.submit((point: Point): number => point.x as number, [{ x: 1 }]),
];
const numbers = balancer.stream(
  function* count(n: number): Generator<number> {
    for (let i = 0; i < n; i++) yield i;
  },
  [2],
);
for await (const value of numbers) results.push(value);
let failed = '';
await balancer.submit(twice, [null as never]).catch((error: Error) => {
  failed = String(error.stack);
});
console.log(JSON.stringify([results, /points\.ts:6:/.test(failed)]));
