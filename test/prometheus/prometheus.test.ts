import { Balancer, Router } from 'leastwork';
import { prometheusMetrics } from 'leastwork/prometheus';
import { register as defaultRegister, Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';

/** The series of a registry, by their text before the value. */
async function seriesOf(register: Registry): Promise<Map<string, number>> {
  const text = await register.metrics();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const series = lines.map((line) => /^(.*) (\S+)$/.exec(line) as unknown as [string, string, string]);
  const byName = new Map(series.map(([, name, value]) => [name, Number(value)]));
  // Prometheus refuses a series that comes twice.
  expect(byName.size).toBe(lines.length);
  return byName;
}

describe('prometheusMetrics', () => {
  it('counts requests by outcome, workers by state, and times by task', () =>
    withSmallBalancer({ name: 'hashes', maxQueue: 1, window: 1 }, async (balancer) => {
      const register = new Registry();
      using _metrics = prometheusMetrics(balancer, { register, buckets: [0.001, 10] });
      await balancer.submit(faults.echo, [1]);
      await balancer.submit(faults.thrower, ['no']).catch(() => {});
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      const waiting = balancer.submit(faults.echo, [2]);
      await balancer.submit(faults.echo, [3]).catch(() => {});
      const during = await seriesOf(register);
      expect(Object.fromEntries(during)).toMatchObject({
        'leastwork_requests_total{pool="hashes",outcome="fulfilled"}': 1,
        'leastwork_requests_total{pool="hashes",outcome="failed"}': 1,
        'leastwork_requests_total{pool="hashes",outcome="refused"}': 1,
        'leastwork_requests_submitted_total{pool="hashes"}': 5,
        'leastwork_requests_pending{pool="hashes"}': 1,
        'leastwork_requests_pending_limit{pool="hashes"}': 1,
        'leastwork_requests_running{pool="hashes"}': 1,
        'leastwork_workers{pool="hashes",state="used"}': 1,
      });
      gate.open();
      await Promise.all([running, waiting]);
      const after = await seriesOf(register);
      const [, task] = [...after.keys()].join().match(/task="([^"]*echo)"/) as string[];
      const echo = `pool="hashes",task="${task}"`;
      expect(after.get(`leastwork_request_run_seconds_count{${echo}}`)).toBe(2);
      expect(after.get(`leastwork_request_run_seconds_bucket{le="+Inf",${echo}}`)).toBe(2);
      expect(after.get(`leastwork_request_run_seconds_bucket{le="10",${echo}}`)).toBe(2);
      expect(after.get(`leastwork_request_run_seconds_sum{${echo}}`)).toBeGreaterThan(0);
      expect(after.get(`leastwork_request_wait_seconds_count{${echo}}`)).toBe(2);
      expect(await register.metrics()).toContain('# TYPE leastwork_request_run_seconds histogram');
    }));

  it('takes several Balancers into one registry, those of a Router too, and lets them go', async () => {
    const register = new Registry();
    const [one, two] = [new Balancer({ workers: 1, name: 'one' }), new Balancer({ workers: 1, name: 'two' })];
    await using router = new Router({ 'a*': one, '*': two });
    await using twin = new Balancer({ workers: 1, name: 'one' });
    const metrics = prometheusMetrics(router, { register });
    prometheusMetrics(twin, { register });
    await Promise.all([one.submit(() => 1), two.submit(() => 2), twin.submit(() => 3)]);
    const fulfilled = (pool: string) => `leastwork_requests_total{pool="${pool}",outcome="fulfilled"}`;
    const all = await seriesOf(register);
    expect([all.get(fulfilled('one')), all.get(fulfilled('two'))]).toEqual([2, 1]);
    metrics.stop();
    const left = await seriesOf(register);
    expect([left.get(fulfilled('one')), left.get(fulfilled('two'))]).toEqual([1, undefined]);
    expect(() => prometheusMetrics(one, { register, buckets: [1] })).toThrow(/buckets/);
    register.clear();
    prometheusMetrics(one, { register, buckets: [1] });
    expect((await seriesOf(register)).get(fulfilled('one'))).toBe(1);
  });

  it("registers in prom-client's own registry by default, with any prefix", () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      onTestFinished(() => defaultRegister.clear());
      using _metrics = prometheusMetrics(balancer, { prefix: 'mine_' });
      await balancer.submit(() => 1);
      const series = await seriesOf(defaultRegister);
      expect(series.get('mine_requests_total{pool="leastwork",outcome="fulfilled"}')).toBe(1);
    }));

  it('refuses what makes no sense', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const bad = [
        { register: {} },
        { prefix: '1' },
        { prefix: 'a-b' },
        { buckets: [] },
        { buckets: [2, 1] },
        { buckets: [0] },
        { bucket: [1] },
      ];
      for (const options of bad)
        expect(() => prometheusMetrics(balancer, options as object)).toThrow(
          expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
        );
      expect(() => prometheusMetrics({} as Balancer)).toThrow(/a Balancer or a Router/);
    }));
});
