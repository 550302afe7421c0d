import { type Balancer, Router, tasks } from 'leastwork';
import { Cluster, leastworkProcessor, type Machine, serve } from 'leastwork/cluster';
import { expectType } from './expect.js';

interface Work {
  double(n: number): number;
  later(text: string): Promise<string>;
}
const work = tasks<Work>(new URL('file:///work.js'));
declare const cluster: Cluster;
declare const balancer: Balancer;

expectType<Promise<number>>()(cluster.submit(work.double, [1]), true);
expectType<Promise<string>>()(cluster.submit(work.later, ['a'], { delay: 5, priority: -1 }), true);
// @ts-expect-error the argument is no number
cluster.submit(work.double, ['1']).catch(() => {});

async function loop(): Promise<void> {
  for await (const n of cluster.map([1, 2], work.double)) expectType<number>()(n, true);
  for await (const outcome of cluster.mapSettled(['a'], work.later))
    if (outcome.status === 'fulfilled') expectType<string>()(outcome.value, true);
}
loop().catch(() => {});

// Both are Submitters.
new Router({ 'work/*': cluster, '*': balancer });
new Router<Cluster>({ '*': cluster });

expectType<Promise<Machine>>()(serve([new URL('file:///work.js')], { redis: { host: 'a' }, share: 2 }), true);
serve(['/work.js'], { postgres: new URL('postgres://a'), balancer: { workers: 2 } }).catch(() => {});
serve(['/work.js'], { redis: 'redis://a', balancer }).catch(() => {});
// @ts-expect-error no list
serve('/work.js', { redis: 'redis://a' }).catch(() => {});
// @ts-expect-error no such option
new Cluster({ redis: 'redis://a', maxqueue: 1 });

leastworkProcessor(balancer, work.double);
leastworkProcessor(balancer, { double: work.double }, { timeout: 5 });
