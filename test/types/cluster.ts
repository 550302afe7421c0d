import { type Balancer, Router, tasks } from 'leastwork';
import { Cluster, type ClusterOptions, leastworkProcessor, type Machine, serve } from 'leastwork/cluster';
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

// Exactly one engine, on both sides.
declare const url: string;
declare const isLocal: boolean;
declare const address: { readonly redis: string } | { readonly postgres: string };
declare const limits: Omit<ClusterOptions, 'redis' | 'postgres'>;
new Cluster(isLocal ? { redis: url } : { postgres: url, retries: 1 });
new Cluster({ ...address, ...limits, name: 'a' });
new Cluster({ redis: url, postgres: undefined });
// @ts-expect-error none
new Cluster({});
// @ts-expect-error none
new Cluster({ retries: 1 });
// @ts-expect-error both
new Cluster({ redis: url, postgres: url });
// @ts-expect-error a variable of the environment that may not be set
new Cluster({ redis: process.env.LEASTWORK_REDIS });
// @ts-expect-error none
serve(['/work.js'], { share: 2 }).catch(() => {});
// @ts-expect-error both
serve(['/work.js'], { redis: url, postgres: url }).catch(() => {});

leastworkProcessor(balancer, work.double);
leastworkProcessor(balancer, { double: work.double }, { timeout: 5 });
