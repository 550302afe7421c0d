import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('cluster');

onEachEngine(
  (site) => {
    test('the answer to the adding of jobs is lost with its connection: none of them runs twice', async () => {
      const server = new URL((site.server.address as { redis: string }).redis);
      const sockets = new Set<Socket>();
      /** Jobs reach Redis; nothing comes back, and then the connections end. */
      let isArmed = false;
      let isDeaf = false;
      let cuts = 0;
      const proxy = createServer((socket) => {
        const other = connect(Number(server.port), server.hostname);
        sockets.add(socket);
        socket.on('error', () => {}).on('close', () => other.destroy());
        other.on('error', () => {}).on('close', () => socket.destroy());
        other.on('data', (data) => void (isDeaf || socket.write(data)));
        socket.on('data', (data) => {
          other.write(data);
          if (!isArmed || !data.includes('work/note')) return;
          isArmed = false;
          isDeaf = true;
          setTimeout(() => {
            cuts++;
            isDeaf = false;
            for (const each of sockets) each.destroy();
            sockets.clear();
          }, 200);
        });
      }).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      try {
        await site.machine();
        const { port } = proxy.address() as AddressInfo;
        const cluster = site.cluster({ redis: `redis://127.0.0.1:${port}` } as object);
        await cluster.submit(work.add, [1, 2]);
        const file = path.join(folder, 'lost-answers');
        for (let round = 0; round < 3; round++) {
          isArmed = true;
          const lines = range(0, 20).map((n) => `${round}.${n}`);
          await Promise.all(lines.map((line) => cluster.submit(work.note, [file, line], { retries: 0 })));
        }
        expect(cuts).toBe(3);
        const ran = readFileSync(file, 'utf8').trim().split('\n');
        expect(ran.length).toBe(60);
        expect(new Set(ran).size).toBe(60);
        await cluster.close();
      } finally {
        proxy.close();
        for (const each of sockets) each.destroy();
      }
    });

    test('the connection by which jobs are added dies silently: they are added by another one', async () => {
      const server = new URL((site.server.address as { redis: string }).redis);
      const sockets = new Set<Socket>();
      let dead: Socket | undefined;
      const proxy = createServer((socket) => {
        const other = connect(Number(server.port), server.hostname);
        sockets.add(socket);
        socket.on('error', () => {}).on('close', () => other.destroy());
        other.on('error', () => {}).on('close', () => socket.destroy());
        other.on('data', (data) => void (socket === dead || socket.write(data)));
        socket.on('data', (data) => {
          if (data.includes('work/note')) dead ??= socket;
          if (socket !== dead) other.write(data);
        });
      }).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      try {
        await site.machine();
        const { port } = proxy.address() as AddressInfo;
        const cluster = site.cluster({ redis: `redis://127.0.0.1:${port}` } as object);
        await cluster.submit(work.add, [1, 2]);
        const file = path.join(folder, 'dead');
        expect(await cluster.submit(work.note, [file, 'once'], { retries: 0 })).toBe('once');
        expect(dead).toBeDefined();
        expect(readFileSync(file, 'utf8')).toBe('once\n');
        await cluster.close();
      } finally {
        proxy.close();
        for (const each of sockets) each.destroy();
      }
    }, 60_000);

    test('the mailbox cannot be read for longer meanwhile: the requests wait for it', async () => {
      const server = new URL((site.server.address as { redis: string }).redis);
      const sockets = new Set<Socket>();
      const mailboxes = new Set<Socket>();
      let isCut = false;
      let isHeld = false;
      const end = (ended: Set<Socket>) => {
        for (const each of ended) each.destroy();
        ended.clear();
      };
      const proxy = createServer((socket) => {
        const other = connect(Number(server.port), server.hostname);
        sockets.add(socket);
        socket.on('error', () => {}).on('close', () => other.destroy());
        other.on('error', () => {}).on('close', () => socket.destroy());
        other.on(
          'data',
          (data) => void ((isHeld && (!isCut || mailboxes.has(socket))) || socket.write(data)),
        );
        socket.on('data', (data) => {
          if (data.includes('xread')) mailboxes.add(socket);
          other.write(data);
          if (isCut || isHeld || !data.includes('work/note')) return;
          isHeld = true;
          setTimeout(() => {
            isCut = true;
            end(sockets);
          }, 200);
          // Longer than a message to oneself is waited for.
          setTimeout(() => {
            isHeld = false;
            end(mailboxes);
          }, 13_000);
        });
      }).listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      try {
        await site.machine();
        const { port } = proxy.address() as AddressInfo;
        const cluster = site.cluster({ redis: `redis://127.0.0.1:${port}` } as object);
        await cluster.submit(work.add, [1, 2]);
        const file = path.join(folder, 'unread');
        expect(await cluster.submit(work.note, [file, 'once'], { retries: 0 })).toBe('once');
        expect([isCut, isHeld]).toEqual([true, false]);
        expect(readFileSync(file, 'utf8')).toBe('once\n');
        await cluster.close();
      } finally {
        proxy.close();
        end(sockets);
      }
    }, 60_000);
  },
  ['redis'],
);
