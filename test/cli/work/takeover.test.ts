/** The end of `leastwork work` by a second signal, and by another one that takes over. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tasks } from 'leastwork';
import { expect, test } from 'vitest';
import { onEachEngine } from '../../support/cluster.js';
import { ended, start } from '../../support/command.js';
import { freePort } from '../../support/engines.js';
import { scratch } from '../../support/scratch.js';

/** In a log: not what it says of a machine that is late. */
const READY = ' ready machine=';

/** The first event of a dashboard. */
async function helloOf(port: number): Promise<string> {
  const { body } = await fetch(`http://127.0.0.1:${port}/events`);
  const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('\n\n')) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  await reader.cancel();
  return text;
}

onEachEngine(
  (site) => {
    const folder = scratch('takeover-');
    const module = join(folder, 'jobs.mjs');
    writeFileSync(
      module,
      `import { writeFileSync } from 'node:fs';
      export const pid = () => process.pid;
      export async function hang(file) {
        writeFileSync(file, String(process.pid));
        await new Promise((resolve) => setTimeout(resolve, 1e6));
      }`,
    );
    const jobs = tasks<{ pid(): number; hang(file: string): Promise<void> }>(pathToFileURL(module));
    let files = 0;
    const fresh = (): string => join(folder, String(++files));
    const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

    const service = (log: string, ...args: string[]) => {
      const { redis } = site.server.address as { redis: string };
      const engine = ['--redis', redis, '--name', site.name, '--lock-duration=1s'];
      return start(['work', ...engine, '--workers=1', '--log-file', log, ...args, module], folder);
    };
    const says = (log: string, message: string) =>
      expect
        .poll(() => textOf(log).includes(message))
        .toBe(true)
        .catch(() => {
          throw new Error(`has not said '${message}', but\n${textOf(log)}`);
        });

    test('a second TERM ends it at once: what runs goes to another machine', async () => {
      const [log, began] = [fresh(), fresh()];
      const child = service(log, '--shutdown-timeout=1h');
      await says(log, READY);
      const result = site.cluster().submit(jobs.hang, [began]);
      result.catch(() => {});
      await expect.poll(() => textOf(began)).toBe(String(child.pid));
      child.kill('SIGTERM');
      await says(log, 'takes nothing new');
      const end = ended(child);
      child.kill('SIGTERM');
      expect(await end).toEqual({ code: 0, signal: null });
      expect(textOf(log)).toMatch(/ended items=0 .* left=[1-9]\d* lost=0/);
      const successor = service(fresh());
      await expect.poll(() => textOf(began)).toBe(String(successor.pid));
    });

    test('of two that start together with one pid file, one stays', async () => {
      const pidFile = fresh();
      const both = [1, 2].map(() => service(fresh(), '--pid-file', pidFile));
      const first = await Promise.race(both.map(async (child) => ({ child, ...(await ended(child)) })));
      expect(first.code).toBe(2);
      const [left] = both.filter((child) => child !== first.child);
      await expect.poll(() => textOf(pidFile)).toBe(`${left?.pid}\n`);
      expect(await site.cluster().submit(jobs.pid)).toBe(left?.pid);
    });

    test('of two upgrades at once, one stays; it answers on the same port', async () => {
      const pidFile = fresh();
      const port = await freePort();
      const args = ['--pid-file', pidFile, `--health-port=${port}`];
      const pidOf = async (): Promise<unknown> => {
        const { machine } = (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()) as {
          machine: { id: string };
        };
        return machine.id;
      };
      const log = fresh();
      const old = service(log, ...args);
      await says(log, READY);
      const before = await pidOf();
      const upgrades = [1, 2].map(() => {
        const own = fresh();
        const child = service(own, ...args, '--upgrade');
        return { own, child, end: ended(child) };
      });
      expect(await ended(old)).toEqual({ code: 0, signal: null });
      const first = await Promise.race(upgrades.map(async (each) => ({ ...each, ...(await each.end) })));
      expect(first.code, textOf(first.own)).toBe(0);
      const [left] = upgrades.filter(({ child }) => child !== first.child);
      await says(left?.own as string, 'healthz');
      expect(textOf(pidFile)).toBe(`${left?.child.pid}\n`);
      expect(await pidOf()).not.toBe(before);
      expect(textOf(left?.own as string)).toContain(String(await pidOf()));
    });

    test('its ports are those of the next one as soon as it begins to end, and not before', async () => {
      const [dashboard, health] = [await freePort(), await freePort()];
      const args = ['--pid-file', fresh(), `--dashboard=${dashboard}`, `--health-port=${health}`];
      const [log, next, began] = [fresh(), fresh(), fresh()];
      const old = service(log, ...args, '--shutdown-timeout=1h');
      await says(log, READY);
      const result = site.cluster().submit(jobs.hang, [began], { retries: 0 });
      result.catch(() => {});
      await expect.poll(() => textOf(began)).toBe(String(old.pid));
      const successor = service(next, ...args, '--upgrade');
      await says(next, ' dashboard ');
      await says(next, ' health ');
      expect(textOf(next)).toMatch(/ ready machine=[\s\S]* dashboard /);
      // What runs is finished: it is there yet.
      expect(old.exitCode ?? old.signalCode).toBeNull();
      expect(await helloOf(dashboard)).toContain(`"pid":${successor.pid}`);
    });

    test('says that it takes long, where a module does not end to load', async () => {
      const endless = join(folder, 'endless.mjs');
      writeFileSync(endless, 'export const f = () => {}; await new Promise(() => {}); setInterval(f, 1e6);');
      const log = fresh();
      const child = service(log, endless);
      await says(log, 'not ready yet: a module is still loading');
      child.kill('SIGTERM');
      expect(await ended(child)).toEqual({ code: null, signal: 'SIGTERM' });
    });
  },
  ['redis'],
);
