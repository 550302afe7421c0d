import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Balancer, Router } from 'leastwork';
import { type Dashboard, serveDashboard } from 'leastwork/dashboard';
import { describe, expect, it } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { EventStream } from './event-stream.js';

async function get(
  dashboard: Dashboard,
  path: string,
  options: RequestOptions = {},
): Promise<IncomingMessage> {
  const asked: ClientRequest = request(new URL(path, dashboard.url), { agent: false, ...options });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

describe('the server', () => {
  it('serves a page that needs nothing from elsewhere', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      expect(dashboard.url).toBe(`http://127.0.0.1:${dashboard.port}/`);
      const page = await get(dashboard, '/');
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
      const html = await text(page);
      const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address as string);
      expect(addresses.length).toBeGreaterThan(2);
      for (const address of addresses.filter((each) => !each.startsWith('data:'))) {
        expect(address).not.toContain('/');
        const answer = await get(dashboard, `/${address}`);
        expect(answer.statusCode).toBe(200);
        expect(await text(answer)).not.toMatch(/https?:\/\/(?!www\.w3\.org|127)/);
      }
    }));

  it('answers nobody but pages of this machine', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      const host = `127.0.0.1:${dashboard.port}`;
      const statusOf = async (
        headers: Record<string, string>,
        path = '/events',
      ): Promise<number | undefined> => {
        const answer = await get(dashboard, path, { headers });
        answer.destroy();
        return answer.statusCode;
      };
      for (const refused of [
        { host: 'evil.example' },
        { host: `evil.example:${dashboard.port}` },
        { host: '127.0.0.1.evil.example' },
        { host: 'localhost@evil.example' },
        { host, origin: 'http://evil.example' },
        { host, origin: 'null' },
        { host, origin: 'http://localhost:3000' },
        { host, 'sec-fetch-site': 'cross-site' },
        { host, 'sec-fetch-site': 'same-site' },
      ] as Record<string, string>[]) {
        expect(await statusOf(refused), JSON.stringify(refused)).toBe(403);
        expect(await statusOf(refused, '/'), JSON.stringify(refused)).toBe(403);
      }
      for (const allowed of [
        { host },
        { host: `localhost:${dashboard.port}` },
        // Through an SSH tunnel.
        { host: 'localhost:9999' },
        { host: '[::1]:9999' },
        { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
        { host, 'sec-fetch-site': 'none' },
      ] as Record<string, string>[]) {
        expect(await statusOf(allowed), JSON.stringify(allowed)).toBe(200);
      }
    }));

  it('changes nothing: it takes GET and HEAD alone', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        const answer = await get(dashboard, '/', { method });
        expect(answer.statusCode).toBe(405);
        answer.resume();
      }
      expect((await get(dashboard, '/', { method: 'HEAD' })).statusCode).toBe(200);
      for (const path of ['/none', '/constructor', '/../package.json']) {
        expect((await get(dashboard, path)).statusCode).toBe(404);
      }
    }));

  it('refuses what is no Balancer, bad options, and a port that is in use', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      for (const bad of [undefined, null, 7, {}, 'a'])
        await expect(serveDashboard(bad as unknown as Balancer)).rejects.toMatchObject({
          code: 'ERR_INVALID_OPTION',
        });
      for (const bad of [{ port: -1 }, { port: 70_000 }, { port: '80' }, { Port: 1 }])
        await expect(serveDashboard(balancer, bad as object)).rejects.toMatchObject({
          code: 'ERR_INVALID_OPTION',
        });
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await expect(serveDashboard(balancer, { port: dashboard.port })).rejects.toMatchObject({
        code: 'ERR_DASHBOARD_PORT',
        message: expect.stringContaining('in use'),
      });
    }));
});

describe('the stream of events', () => {
  it('tells what is there, then what happens, then the end', async () => {
    const balancer = new Balancer({ workers: 1, window: 1, maxQueue: 3, name: 'pictures' });
    const dashboard = await serveDashboard(balancer, { port: 0 });
    await balancer.submit(faults.echo, [1]);
    const stream = await EventStream.open(dashboard.url);
    const hello = await stream.next('hello');
    expect(hello.pools).toHaveLength(1);
    expect(hello.pools[0]).toMatchObject({ name: 'pictures', snapshot: { maxQueue: 3, isClosed: false } });
    expect(hello.pools[0]?.snapshot.outcomes.fulfilled).toBe(1);

    const gate = new Gate();
    const running = balancer.submit(faults.blocked, [gate.words]);
    await gate.reached();
    await balancer.submit(faults.echo, [1], { queueTimeout: 1 }).catch(() => {});
    const busy = await stream.until(
      'update',
      ({ pools: [pool] }) => pool?.snapshot.workers[0]?.running != null,
    );
    expect(busy.pools[0]?.snapshot.workers[0]).toMatchObject({ label: '1', state: 'ready', restarts: 0 });
    expect(busy.pools[0]?.snapshot.workers[0]?.running?.task).toMatch(/blocked/);

    gate.open();
    await running;
    const done = await stream.until(
      'update',
      ({ pools: [pool] }) => pool?.slices.some(([, , , task]) => /blocked/.test(task)) === true,
    );
    expect(done.pools[0]?.snapshot.outcomes).toMatchObject({ fulfilled: 2, timedOut: 1 });
    expect(done.pools[0]?.snapshot.tasks.find(({ name }) => /blocked/.test(name))).toMatchObject({
      count: 1,
      failed: 0,
    });

    await balancer.close();
    const end = await stream.next('end');
    expect(end.pools[0]?.snapshot).toMatchObject({ isClosed: true, workers: [] });
    expect(end.pools[0]?.snapshot.outcomes.fulfilled).toBe(2);
    await stream.ended;
    await dashboard.close();
    await expect(get(dashboard, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(serveDashboard(balancer, { port: 0 })).rejects.toMatchObject({
      code: 'ERR_BALANCER_CLOSED',
    });
  });

  it('a page that comes late gets what has been', () =>
    withSmallBalancer({}, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      await balancer.submit(faults.echo, [1]);
      const first = await EventStream.open(dashboard.url);
      await first.until(
        'update',
        ({ pools: [pool] }) => pool?.points.some(({ fulfilled }) => fulfilled > 0) === true,
      );
      const late = await EventStream.open(dashboard.url);
      const { pools } = await late.next('hello');
      expect(pools[0]?.slices).toHaveLength(1);
      expect(pools[0]?.points.some(({ fulfilled, runP50 }) => fulfilled > 0 && runP50 !== null)).toBe(true);
    }));

  it('a page that comes between two points of the charts makes none: its rate would be chance', () =>
    withSmallBalancer({}, async (balancer) => {
      await using dashboard = await serveDashboard(balancer, { port: 0 });
      const first = await EventStream.open(dashboard.url);
      for (let i = 0; i < 10; i++) {
        await balancer.submit(faults.echo, [1]);
        await EventStream.open(dashboard.url).then((stream) => stream.next('hello'));
      }
      const times: number[] = [];
      await first.until('update', ({ pools: [pool] }) => {
        times.push(...(pool?.points.map(({ at }) => at) ?? []));
        return times.length >= 3;
      });
      const gaps = times.slice(1).map((at, i) => at - (times[i] as number));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
    }));

  it('shows each Balancer of a Router, and ends with the last one', async () => {
    const [one, two] = [
      new Balancer({ workers: 1, name: 'short' }),
      new Balancer({ workers: 1, name: 'short' }),
    ];
    const router = new Router({ 'a*': one, 'b*': one, '*': two });
    await using dashboard = await serveDashboard(router, { port: 0 });
    const stream = await EventStream.open(dashboard.url);
    const { pools } = await stream.next('hello');
    expect(pools.map(({ name }) => name)).toEqual(['short', 'short 2']);
    await one.close();
    await stream.until('update', (update) => update.pools[0]?.snapshot.isClosed === true);
    await two.close();
    await stream.next('end');
  });

  it('costs nobody the end of a program', async () => {
    const { runNode } = await import('../support/program.js');
    const { fileURLToPath } = await import('node:url');
    const program = fileURLToPath(new URL('programs/served.mjs', import.meta.url));
    const { code, stdout } = await runNode([program]);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\nhello\n$/);
    expect(code).toBe(0);
  });
});
