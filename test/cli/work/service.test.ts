import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { tasks } from 'leastwork';
import { expect, test } from 'vitest';
import { onEachEngine, type Site, workUrl } from '../../support/cluster.js';
import { ended, leastwork, start } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';
import { eventsOf, runsOf } from '../../trace/events.js';

interface Line {
  readonly message: string;
  readonly pid?: number;
  readonly [name: string]: unknown;
}

interface Service {
  readonly child: ChildProcess;
  readonly end: ReturnType<typeof ended>;
  /** Resolves with the first line of that message. */
  says(message: string): Promise<Line>;
}

onEachEngine((site) => {
  const folder = scratch('work-');
  const module = join(folder, 'jobs.mjs');
  const version = (n: number): void =>
    writeFileSync(module, `export const version = () => ${n};\nexport const wait = ${waiting};\n`);
  const jobs = tasks<{ version(): number; wait(file: string): string }>(pathToFileURL(module));
  version(1);

  const service = (...args: string[]): Service => serviceOf(site, folder, args);

  test('serves; TERM lets running requests end; the exit code is 0', async () => {
    const [trace, profiles] = [join(folder, 'trace.json'), join(folder, 'profiles')];
    const { child, end, says } = service(
      ...['--health-port=0', '--dashboard', '0', '--trace', trace, '--cpu-prof', profiles],
    );
    await says('ready');
    const { url: page } = await says('dashboard');
    expect(await (await fetch(String(page))).text()).toContain('<title>leastwork</title>');
    const { url } = await says('health');
    const base = String(url).replace('/healthz', '');
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('leastwork_machine_jobs_total');
    expect((await fetch(`${base}/nothing`)).status).toBe(404);
    const cluster = site.cluster();
    expect(await cluster.submit(jobs.version)).toBe(1);
    const gate = join(folder, 'gate');
    const running = cluster.submit(jobs.wait, [gate]);
    await untilFile(`${gate}.begun`);
    child.kill('SIGTERM');
    await says('ending: takes nothing new');
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
    writeFileSync(gate, '');
    expect(await running).toBe('waited');
    expect(await end).toEqual({ code: 0, signal: null });
    expect(runsOf(eventsOf(trace)).map(({ name }) => name)).toContain('jobs/wait');
    expect(readdirSync(profiles)).toContain('leastwork.worker-1.cpuprofile');
  });

  test('HUP loads the modules anew, and goes on with a fresh log file', async () => {
    version(1);
    const log = join(folder, 'log');
    const { child, says } = service('--log-file', log);
    await untilLine(log, '"ready"');
    const cluster = site.cluster();
    expect(await cluster.submit(jobs.version)).toBe(1);
    version(2);
    renameSync(log, `${log}.1`);
    child.kill('SIGHUP');
    await untilLine(log, '"loaded anew"');
    expect(await cluster.submit(jobs.version)).toBe(2);
    child.kill('SIGTERM');
    expect(await ended(child)).toEqual({ code: 0, signal: null });
    void says;
  });

  test('HUP with a module that does not load: all stays as it was', async () => {
    version(1);
    const { child, says } = service('--workers=2');
    await says('ready');
    const cluster = site.cluster();
    writeFileSync(module, 'export const version = (');
    child.kill('SIGHUP');
    await says('not loaded anew: all stays as it was');
    const requests = Array.from({ length: 20 }, () => cluster.submit(jobs.version));
    expect(new Set(await Promise.all(requests))).toEqual(new Set([1]));
    version(2);
    child.kill('SIGHUP');
    await says('loaded anew');
    expect(await cluster.submit(jobs.version)).toBe(2);
    child.kill('SIGTERM');
    expect(await ended(child)).toEqual({ code: 0, signal: null });
  });

  test('one has the pid file; --upgrade takes over without a failed request; --daemon returns when it is ready', async () => {
    version(1);
    const pidFile = join(folder, 'pid');
    const first = service('--pid-file', pidFile);
    const { pid } = await first.says('starting');
    await first.says('ready');
    expect(readFileSync(pidFile, 'utf8')).toBe(`${pid}\n`);
    const args = ['work', ...engineArgs(site), '--pid-file', pidFile, '--workers=1', module];
    const second = leastwork(args);
    expect([second.code, second.stderr]).toEqual([
      2,
      expect.stringContaining(`process ${pid} has it and is running`),
    ]);

    const cluster = site.cluster();
    const gate = join(folder, 'gate2');
    const running = cluster.submit(jobs.wait, [gate]);
    await untilFile(`${gate}.begun`);
    const log = join(folder, 'daemon.log');
    const daemon = leastwork([...args, '--upgrade', '--daemon', '--log-file', log]);
    expect([daemon.code, daemon.stderr]).toEqual([0, expect.stringContaining('in the background, process')]);
    const successor = Number(readFileSync(pidFile, 'utf8'));
    try {
      expect(successor).not.toBe(pid);
      await first.says('ending: takes nothing new');
      expect(await cluster.submit(jobs.version, [], { timeout: HANG_MS })).toBe(1);
      writeFileSync(gate, '');
      expect(await running).toBe('waited');
      expect(await first.end).toEqual({ code: 0, signal: null });
      // The successor has it now.
      expect(readFileSync(pidFile, 'utf8')).toBe(`${successor}\n`);
    } finally {
      process.kill(successor, 'SIGTERM');
    }
    await untilLine(log, '"ended"', 'ended');
  });

  test('an engine that is away is told of once, and so is that it is back', async () => {
    const log = join(folder, 'engine.log');
    const { child } = service('--log-file', log);
    await untilLine(log, '"ready"');
    await site.server.kill();
    await untilLine(log, '"engine"');
    // In this time each connection tries several times.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await site.server.restart();
    await untilLine(log, 'the engine answers again');
    child.kill('SIGTERM');
    expect(await ended(child)).toEqual({ code: 0, signal: null });
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const engine = lines.filter(({ message }) => message === 'engine');
    const told = engine.map(({ error }) => error);
    expect(told.length).toBeGreaterThan(0);
    // Where it comes back late, an error is told again after 10 s.
    const [first, last] = [engine[0], engine.at(-1)].map((line) => Date.parse(String(line?.time)));
    const twice = told.length - new Set(told).size;
    expect(twice).toBeLessThanOrEqual(Math.floor(((last as number) - (first as number)) / 10_000));
    for (const error of told) expect(error).not.toBe('');
    const [back] = lines.filter(({ message }) => message === 'the engine answers again');
    expect(back?.errors).toBeGreaterThan(told.length);
  });

  test('a pid file with the number of another program counts as none', async () => {
    const pidFile = join(folder, 'stale-pid');
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      writeFileSync(pidFile, `${other.pid}\n`);
      const { child, says } = service('--pid-file', pidFile, '--upgrade');
      const { pid } = await says('starting');
      await says('ready');
      child.kill('SIGTERM');
      expect(await ended(child)).toEqual({ code: 0, signal: null });
      expect(pid).not.toBe(other.pid);
      expect([other.exitCode, other.signalCode]).toEqual([null, null]);
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('--dry-run lists the tasks, and takes no job', async () => {
    const work = tasks<{ pid(): number }>(workUrl);
    const result = site.cluster().submit(work.pid);
    const args = ['work', ...engineArgs(site), '--dry-run', '--workers=1', fileURLToPath(workUrl)];
    const child = start(args, folder);
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += chunk;
    });
    expect(await ended(child)).toEqual({ code: 0, signal: null });
    expect(said).toMatch(/^This machine would serve:\n {2}work\/add\n(?: {2}work\/\S+\n)+$/);
    await site.machine();
    expect(await result).toBe(process.pid);
  });
});

/** Says that it has begun, and waits for a file. */
const waiting = `async (file) => {
  const { existsSync, writeFileSync } = await import('node:fs');
  writeFileSync(file + '.begun', '');
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return 'waited';
}`;

function engineArgs(site: Site): string[] {
  const { address } = site.server;
  const engine =
    'redis' in address ? ['--redis', String(address.redis)] : ['--postgres', String(address.postgres)];
  return [...engine, '--name', site.name, '--lock-duration=1s'];
}

function serviceOf(site: Site, folder: string, args: readonly string[]): Service {
  const all = ['work', ...engineArgs(site), '--log-format=json', '--workers=1', ...args, './jobs.mjs'];
  const child = start(all, folder);
  const lines: Line[] = [];
  let wake: () => void = () => {};
  let rest = '';
  let others = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() as string;
    for (const part of parts) {
      if (part.startsWith('{')) lines.push(JSON.parse(part));
      else others += `${part}\n`;
    }
    wake();
  });
  // After its last line, which may come later than its exit.
  let isOver = false;
  child.once('close', () => {
    isOver = true;
    wake();
  });
  const says = async (message: string): Promise<Line> => {
    const end = performance.now() + HANG_MS;
    for (;;) {
      const line = lines.find((each) => each.message === message);
      if (line !== undefined) return line;
      if (isOver) throw new Error(`ended with ${child.exitCode} before it said '${message}'\n${others}`);
      if (performance.now() > end)
        throw new Error(
          `has not said '${message}', but\n${lines.map((line) => JSON.stringify(line)).join('\n')}`,
        );
      await Promise.race([
        nap(),
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
      ]);
    }
  };
  return { child, end: ended(child), says };
}

/** What has not come by then hangs; sooner than the test's own timeout, which does not say what was awaited. */
const HANG_MS = 50_000;

const nap = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

async function untilFile(file: string): Promise<void> {
  const end = performance.now() + HANG_MS;
  for (;;) {
    try {
      readFileSync(file);
      return;
    } catch {
      if (performance.now() > end) throw new Error(`there is no ${file}`);
      await nap();
    }
  }
}

/** Until the log has a line with one of the messages. */
async function untilLine(log: string, ...messages: string[]): Promise<void> {
  const end = performance.now() + HANG_MS;
  for (;;) {
    let text = '';
    try {
      text = readFileSync(log, 'utf8');
    } catch {
      // Not there yet.
    }
    if (messages.some((message) => text.includes(message))) return;
    if (performance.now() > end) throw new Error(`has not said '${messages[0]}', but\n${text}`);
    await nap();
  }
}
