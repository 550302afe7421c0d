import {
  type Balancer,
  type CpuProfile,
  type MissingProfile,
  type ProfileOptions,
  Router,
  type Trace,
  type WorkerProfile,
  type WorkerProfiles,
} from 'leastwork';
import { type Dashboard, serveDashboard } from 'leastwork/dashboard';
import { type Instrumentation, instrument } from 'leastwork/opentelemetry';
import { type PrometheusMetrics, prometheusMetrics } from 'leastwork/prometheus';
import { Registry } from 'prom-client';
import { expectType } from './expect.js';

declare const balancer: Balancer;
const router = new Router({ '*': balancer });

expectType<Trace>()(balancer.trace('a.json'), true);
expectType<Trace>()(balancer.trace({ file: new URL('file:///a.json'), arrows: 10 }), true);
// @ts-expect-error no file
balancer.trace();
// @ts-expect-error no file
balancer.trace({ arrows: 10 });

expectType<Promise<WorkerProfiles>>()(balancer.profile({ seconds: 1, directory: 'a' }), true);
declare const profile: WorkerProfile;
expectType<CpuProfile>()(profile.profile, true);
declare const profiles: WorkerProfiles;
expectType<readonly MissingProfile[]>()(profiles.missing, true);
const list: readonly WorkerProfile[] = profiles;
void list;
// @ts-expect-error nothing says how long
balancer.profile();
// @ts-expect-error nor here
balancer.profile({});
// @ts-expect-error nor here
balancer.profile({ directory: 'a', interval: 1 });
balancer.profile({ signal: new AbortController().signal, directory: 'a' });
balancer.profile({ signal: new AbortController().signal, seconds: 1 });
const options: ProfileOptions = { seconds: 1 };
balancer.profile(options);

expectType<Promise<Dashboard>>()(serveDashboard(balancer), true);
expectType<Promise<Dashboard>>()(serveDashboard(router, { port: 0 }), true);
// @ts-expect-error not a Balancer
serveDashboard({});

expectType<PrometheusMetrics>()(
  prometheusMetrics(router, { register: new Registry(), buckets: [1, 2] }),
  true,
);
expectType<Instrumentation>()(instrument(router, { spans: false }), true);
