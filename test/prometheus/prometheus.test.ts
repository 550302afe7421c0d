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
        'leastwork_requests_refused_total{pool="hashes",reason="queue-full"}': 1,
        'leastwork_requests_refused_total{pool="hashes",reason="closed"}': 0,
        'leastwork_workers{pool="hashes",state="used"}': 1,
        // All states are there always: a series that comes and goes cannot be added up or alerted on.
        'leastwork_workers{pool="hashes",state="idle"}': 0,
        'leastwork_workers{pool="hashes",state="starting"}': 0,
        'leastwork_workers{pool="hashes",state="checking"}': 0,
        'leastwork_workers{pool="hashes",state="draining"}': 0,
        'leastwork_workers{pool="hashes",state="ejected"}': 0,
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

  it('refuses a Balancer that the registry has, which would count twice, and one that is closed', async () => {
    const register = new Registry();
    const balancer = new Balancer({ workers: 1, name: 'one' });
    const router = new Router({ '*': balancer });
    const metrics = prometheusMetrics(balancer, { register });
    for (const target of [balancer, router]) {
      expect(() => prometheusMetrics(target, { register })).toThrow(
        expect.objectContaining({
          code: 'ERR_INVALID_OPTION',
          message: expect.stringContaining("'one' again"),
        }),
      );
    }
    // Elsewhere, or under another name, it is not the same series.
    prometheusMetrics(balancer, { register, prefix: 'other_' }).stop();
    prometheusMetrics(balancer, { register: new Registry() }).stop();
    metrics.stop();
    using _again = prometheusMetrics(balancer, { register });
    await balancer.submit(() => 1);
    const fulfilled = 'leastwork_requests_total{pool="one",outcome="fulfilled"}';
    expect((await seriesOf(register)).get(fulfilled)).toBe(1);
    await balancer.close();
    // What was counted stays, but nothing new begins.
    expect((await seriesOf(register)).get(fulfilled)).toBe(1);
    for (const target of [balancer, router])
      expect(() => prometheusMetrics(target, { register: new Registry() })).toThrow(
        expect.objectContaining({ code: 'ERR_BALANCER_CLOSED' }),
      );
  });

  it('counts calls that no route of a Router has matched', async () => {
    const register = new Registry();
    await using inner = new Router({ b: new Balancer({ workers: 1, name: 'inner' }) });
    await using router = new Router<Balancer | Router>({ a: new Balancer({ workers: 1 }), b: inner });
    using _metrics = prometheusMetrics(router, { register });
    const name = 'leastwork_requests_unrouted_total';
    expect((await seriesOf(register)).get(name)).toBe(0);
    await expect(router.submit(function other() {})).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' });
    await expect(inner.submit(function other() {})).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' });
    expect((await seriesOf(register)).get(name)).toBe(2);
    expect(await register.metrics()).toContain(`# TYPE ${name} counter`);
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
