/** HUP at any time, and `--daemon`: its log, and the end of the command that has started it. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tasks } from 'leastwork';
import { expect, onTestFinished, test } from 'vitest';
import { onEachEngine } from '../../support/cluster.js';
import { ended, leastwork, start } from '../../support/command.js';
import { isAlive } from '../../support/is-alive.js';
import { scratch } from '../../support/scratch.js';

/** Loads when there is a file of its name and `.load`. */
const SLOW = `import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
const until = async (file) => {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
};
await until(fileURLToPath(import.meta.url).replace(/[?].*/, '') + '.load');
export const print = (text) => (console.log('out ' + text), console.error('err ' + text));
export async function wait(file) {
  writeFileSync(file + '.begun', '');
  await until(file);
}`;

onEachEngine(
  (site) => {
    const folder = scratch('signals-');
    let files = 0;
    const fresh = (): string => join(folder, String(++files));
    const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    const says = (log: string, message: string) => expect.poll(() => textOf(log)).toContain(message);

    const engine = (): string[] => {
      const { redis } = site.server.address as { redis: string };
      return ['--redis', redis, '--name', site.name, '--lock-duration=1s', '--workers=1'];
    };

    const slow = (): { module: string; load: string } => {
      const module = `${fresh()}.mjs`;
      writeFileSync(module, SLOW);
      return { module, load: `${module}.load` };
    };
    const daemon = (module: string, log: string, ...args: string[]) => [
      ...['work', ...engine(), '--daemon', '--log-file', log, ...args, module],
    ];

    test('HUP while it starts: the log goes on in a fresh file, and the modules are loaded anew', async () => {
      const log = fresh();
      const { module, load } = slow();
      const child = start(['work', ...engine(), '--log-file', log, module], folder);
      await says(log, ' starting ');
      renameSync(log, `${log}.1`);
      child.kill('SIGHUP');
      await expect.poll(() => existsSync(log)).toBe(true);
      writeFileSync(load, '');
      await says(log, ' loaded anew ');
      expect(textOf(log)).toMatch(/ ready [\s\S]* loading the modules anew/);
      child.kill('SIGTERM');
      expect(await ended(child)).toEqual({ code: 0, signal: null });
    });

    test('HUP while it ends: the log goes on in a fresh file', async () => {
      const [log, gate] = [fresh(), fresh()];
      const { module, load } = slow();
      writeFileSync(load, '');
      const child = start(['work', ...engine(), '--log-file', log, module], folder);
      await says(log, ' ready ');
      const jobs = tasks<{ wait(file: string): Promise<void> }>(pathToFileURL(module));
      const result = site.cluster().submit(jobs.wait, [gate]);
      await expect.poll(() => existsSync(`${gate}.begun`)).toBe(true);
      child.kill('SIGTERM');
      await says(log, ' ending');
      renameSync(log, `${log}.1`);
      child.kill('SIGHUP');
      await expect.poll(() => existsSync(log)).toBe(true);
      writeFileSync(gate, '');
      await result;
      expect(await ended(child)).toEqual({ code: 0, signal: null });
      expect(textOf(log)).toMatch(/^\S+ info {2}ended /);
    });

    test('TERM just before it is ready: the machine that it was to take over from goes on', async () => {
      const [log, next, pidFile, preload] = [fresh(), fresh(), fresh(), `${fresh()}.cjs`];
      const { module, load } = slow();
      writeFileSync(load, '');
      const args = ['work', ...engine(), '--pid-file', pidFile];
      const old = start([...args, '--log-file', log, module], folder);
      await says(log, ' ready ');
      // The port is the last that it waits for.
      writeFileSync(
        preload,
        `const { isMainThread } = require('node:worker_threads');
        const { listen } = require('node:net').Server.prototype;
        if (isMainThread) require('node:net').Server.prototype.listen = function (...args) {
          process.on('SIGTERM', () => setImmediate(() => listen.apply(this, args)));
          process.kill(process.pid, 'SIGTERM');
          return this;
        };`,
      );
      const upgrade = [...args, '--log-file', next, '--upgrade', '--health-port=0', module];
      const child = start(upgrade, folder, ['--require', preload]);
      expect(await ended(child)).toEqual({ code: null, signal: 'SIGTERM' });
      expect(textOf(next)).toContain('ended before it was ready');
      expect(textOf(pidFile)).toBe(`${old.pid}\n`);
      expect(textOf(log)).not.toContain('ending');
      old.kill('SIGTERM');
      expect(await ended(old)).toEqual({ code: 0, signal: null });
      // Both may write to one file.
      const lines = textOf(log).trim().split('\n');
      expect(lines.filter((line) => !line.includes(`pid=${old.pid}`))).toEqual([]);
    });

    test('what tasks print in the background is in the log, also after it was rotated', async () => {
      const [log, pidFile] = [fresh(), fresh()];
      const { module, load } = slow();
      writeFileSync(load, '');
      expect(leastwork(daemon(module, log, '--pid-file', pidFile)).code).toBe(0);
      const pid = Number(readFileSync(pidFile, 'utf8'));
      onTestFinished(() => void process.kill(pid, 'SIGTERM'));
      const jobs = tasks<{ print(text: string): void }>(pathToFileURL(module));
      const cluster = site.cluster();
      await cluster.submit(jobs.print, ['before']);
      await says(log, 'err before\n');
      expect(textOf(log)).toContain('out before\n');
      renameSync(log, `${log}.1`);
      process.kill(pid, 'SIGHUP');
      await says(log, ' loaded anew ');
      await cluster.submit(jobs.print, ['after']);
      await says(log, 'err after\n');
      expect(textOf(log)).toContain('out after\n');
      expect(textOf(`${log}.1`)).not.toContain('after');
    });

    test.for(['SIGKILL', 'SIGINT'] as const)(
      'the command is ended by %s before it is ready in the background: that ends, too',
      async (signal) => {
        const [log, pidFile] = [fresh(), fresh()];
        const { module, load } = slow();
        const starter = start(daemon(module, log, '--pid-file', pidFile), folder);
        await says(log, ' starting ');
        const [, pid] = /pid=(\d+)/.exec(textOf(log)) as RegExpExecArray;
        onTestFinished(() => {
          if (isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL');
        });
        starter.kill(signal);
        expect(await ended(starter)).toEqual({ code: null, signal });
        await expect.poll(() => isAlive(Number(pid))).toBe(false);
        expect(textOf(log)).toContain('the command that started it has ended');
        writeFileSync(load, '');
        expect(existsSync(pidFile)).toBe(false);
      },
    );
  },
  ['redis'],
);
