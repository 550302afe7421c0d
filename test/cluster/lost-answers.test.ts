import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('cluster');

/**
 * A way to a server that may lose what goes by it.
 * @param heard data of a client, which is passed on if it is so
 * @param passes whether data goes back to that client
 * @param held resolves when data may go back; what follows it waits, too
 */
async function proxyTo(
  server: URL,
  sockets: Set<Socket>,
  heard: (socket: Socket, data: Buffer) => boolean,
  passes: (socket: Socket) => boolean,
  held: (data: Buffer) => Promise<void> | undefined = () => undefined,
): Promise<Server & { url: string }> {
  const proxy = createServer((socket) => {
    const other = connect(Number(server.port), server.hostname);
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => other.destroy());
    other.on('error', () => {}).on('close', () => socket.destroy());
    let written = Promise.resolve();
    other.on('data', (data) => {
      if (!passes(socket)) return;
      written = written.then(() => held(data)).then(() => void socket.write(data));
    });
    socket.on('data', (data) => void (heard(socket, data) && other.write(data)));
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return Object.assign(proxy, { url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
}

/** Holds up what comes to it. */
class Gate {
  come = (): void => {};
  open = (): void => {};
  readonly reached = new Promise<void>((resolve) => {
    this.come = resolve;
  });
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  pass(): Promise<void> {
    this.come();
    return this.#opened;
  }
}

function end(sockets: Set<Socket>): void {
  for (const each of sockets) each.destroy();
  sockets.clear();
}

onEachEngine(
  (site) => {
    test('the answer to the adding of jobs is lost with its connection: none of them runs twice', async () => {
      const server = new URL((site.server.address as { redis: string }).redis);
      const sockets = new Set<Socket>();
      /** Jobs reach Redis; nothing comes back, and then the connections end. */
      let isArmed = false;
      let isDeaf = false;
      let cuts = 0;
      const heard = (_: Socket, data: Buffer) => {
        if (isArmed && data.includes('work/note')) {
          isArmed = false;
          isDeaf = true;
          setTimeout(() => {
            cuts++;
            isDeaf = false;
            end(sockets);
          }, 200);
        }
        return true;
      };
      const proxy = await proxyTo(server, sockets, heard, () => !isDeaf);
      try {
        await site.machine();
        const cluster = site.cluster({ redis: proxy.url } as object);
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
        end(sockets);
      }
    });

    test('a job that comes to a machine while it is being closed goes to another one, and does not wait there', async () => {
      const server = new URL((site.server.address as { redis: string }).redis);
      const sockets = new Set<Socket>();
      const job = new Gate();
      const proxy = await proxyTo(
        server,
        sockets,
        () => true,
        () => true,
        (data) => (data.includes('work/add') ? job.pass() : undefined),
      );
      try {
        const first = await site.machine({ redis: proxy.url } as object);
        const cluster = site.cluster();
        const [file, gate] = [path.join(folder, 'begun'), path.join(folder, 'gate')];
        const running = cluster.submit(work.noteAndWait, [file, 'line', gate]);
        while (!existsSync(file)) await sleep(10);
        // It waits for the next one.
        await sleep(200);
        // The machine is told of the job, asks for it, is closed, and has it then.
        const result = cluster.submit(work.add, [1, 2]);
        await job.reached;
        const closed = first.close();
        await sleep(200);
        job.open();
        await site.machine();
        const inTime = await Promise.race([result, sleep(15_000, 'late')]);
        writeFileSync(gate, '');
        expect(inTime).toBe(3);
        expect(await running).toBe('line');
        await closed;
        expect(first.stats().jobs).toMatchObject({ fulfilled: 1, left: 1 });
      } finally {
        proxy.close();
        end(sockets);
      }
    });

    test('the connection by which jobs are added dies silently: they are added by another one', async () => {
      const server = new URL((site.server.address as { redis: string }).redis);
      const sockets = new Set<Socket>();
      let dead: Socket | undefined;
      const heard = (socket: Socket, data: Buffer) => {
        if (data.includes('work/note')) dead ??= socket;
        return socket !== dead;
      };
      const proxy = await proxyTo(server, sockets, heard, (socket) => socket !== dead);
      try {
        await site.machine();
        const cluster = site.cluster({ redis: proxy.url } as object);
        await cluster.submit(work.add, [1, 2]);
        const file = path.join(folder, 'dead');
        expect(await cluster.submit(work.note, [file, 'once'], { retries: 0 })).toBe('once');
        expect(dead).toBeDefined();
        expect(readFileSync(file, 'utf8')).toBe('once\n');
        await cluster.close();
      } finally {
        proxy.close();
        end(sockets);
      }
    }, 120_000);

    test('the mailbox cannot be read for longer meanwhile: the requests wait for it', async () => {
      const server = new URL((site.server.address as { redis: string }).redis);
      const sockets = new Set<Socket>();
      const mailboxes = new Set<Socket>();
      let isCut = false;
      let isHeld = false;
      const heard = (socket: Socket, data: Buffer) => {
        if (data.includes('xread')) mailboxes.add(socket);
        if (!isCut && !isHeld && data.includes('work/note')) {
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
        }
        return true;
      };
      const passes = (socket: Socket) => !isHeld || (isCut && !mailboxes.has(socket));
      const proxy = await proxyTo(server, sockets, heard, passes);
      try {
        await site.machine();
        const cluster = site.cluster({ redis: proxy.url } as object);
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
    }, 120_000);
  },
  ['redis'],
);
