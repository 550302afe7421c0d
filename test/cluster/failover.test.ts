import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { Cluster, serve } from 'leastwork/cluster';
import { expect, test } from 'vitest';
import { onEachEngine, work, workUrl } from '../support/cluster.js';
import { startRedis } from '../support/engines.js';
import { range } from '../support/range.js';

onEachEngine(
  (site) => {
    test('another server becomes the master behind the same address, and connections to the old one stay', async () => {
      const second = await startRedis();
      const [old, next] = [site.server, second].map(
        (server) => new URL(Object.values(server.address)[0] ?? ''),
      );
      let master = old as URL;
      const address = createServer((socket) => {
        const server = connect(Number(master.port), master.hostname);
        socket.pipe(server).pipe(socket);
        socket.on('error', () => server.destroy());
        server.on('error', () => socket.destroy());
      }).listen(0, '127.0.0.1');
      await once(address, 'listening');
      const warnings: Error[] = [];
      const warned = (warning: Error): unknown => warnings.push(warning);
      process.on('warning', warned);
      const asked: string[] = [];
      const redis = new Redis((address.address() as AddressInfo).port, '127.0.0.1', {
        lazyConnect: true,
        reconnectOnError({ message }) {
          asked.push(message);
          return false;
        },
      });
      const options = { redis, name: site.name, lockDuration: 500 };
      const machine = await serve([workUrl], { ...options, balancer: { workers: 1 } });
      const cluster = new Cluster({ ...options, engineTimeout: 60_000 });
      const [first, other] = [old, next].map((url) => new Redis(String(url))) as [Redis, Redis];
      try {
        await first.config('SET', 'repl-diskless-sync-delay', '0');
        await other.replicaof(master.hostname, master.port);
        await expect.poll(() => other.info('replication')).toContain('master_link_status:up');
        const results = Promise.all(range(0, 50).map((n) => cluster.submit(work.double, [n])));
        expect(await cluster.submit(work.double, [50])).toBe(100);
        master = next as URL;
        await other.replicaof('NO', 'ONE');
        await first.replicaof(master.hostname, master.port);
        expect(await results).toEqual(range(0, 50).map((n) => 2 * n));
        const later = range(50, 100).map((n) => cluster.submit(work.double, [n]));
        expect(await Promise.all(later)).toEqual(range(50, 100).map((n) => 2 * n));
        await expect.poll(() => machine.stats().connected).toBe(true);
        expect(warnings).toEqual([]);
        // Their owner has a word in what else is a reason to connect anew.
        expect(asked.filter((message) => message.includes('READONLY'))).toEqual([]);
        expect(asked.join()).toContain('UNBLOCKED ');
      } finally {
        process.off('warning', warned);
        await cluster.close({ timeout: 0 });
        await machine.close({ timeout: 0 });
        for (const client of [first, other]) client.disconnect();
        address.close();
        await second.stop();
      }
    });
  },
  ['redis'],
);
