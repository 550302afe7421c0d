import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { tasks } from 'leastwork';
import { Cluster, type ClusterOptions, type Machine, type ServeOptions, serve } from 'leastwork/cluster';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import { type EngineServer, noRedis, startPostgres, startRedis } from './engines.js';

const program = fileURLToPath(new URL('../fixtures/cluster/machine.mjs', import.meta.url));

/** The module that the machines of the tests serve. */
export const workUrl = new URL('../fixtures/cluster/work.mjs', import.meta.url);
export const work = tasks<Work>(workUrl);

/** See `work.mjs`. */
interface Work {
  add(a: number, b: number): number;
  same<T>(value: T): T;
  pid(): number;
  double(n: number): number;
  length(text: string): number;
  spin(ms: number): number;
  rest(ms: number): number;
  note(file: string, line: string): string;
  noteAndWait(file: string, line: string, gate: string): Promise<string>;
  waitItem(item: { readonly file: string; readonly line: string; readonly gate: string }): Promise<string>;
  waitHere(file: string, gate: string): Promise<string>;
  untilAborted(file: string, line: string): Promise<void>;
  kill(once?: string): string;
  killIf(item: { readonly n: number; readonly kills?: boolean; readonly once?: string }): number | string;
  fail(message: string): never;
  odd(n: number): number;
  bytes(n: number): Uint8Array;
  text(length: number): string;
  lastItem(item: { readonly n: number }): { readonly n: number };
  noteItem(item: {
    readonly n: number;
    readonly file: string;
    readonly hangs?: boolean;
    readonly exits?: boolean;
  }): number;
  contextValue(): unknown;
  readonly nested: { readonly inner: { hello(): string } };
  /** Not there. */
  missing(): void;
}

/** A machine in a process of its own. */
export interface MachineProcess {
  readonly id: string;
  readonly pid: number;
  /** What it has said. */
  readonly lines: readonly string[];
  kill(signal: NodeJS.Signals): void;
  /** Resolves with its exit code, or the signal that has ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** One engine, with clusters and machines that are closed after each test. */
export class Site {
  server!: EngineServer;
  /** Of this test alone. */
  name = '';
  readonly #closed: (() => Promise<unknown>)[] = [];
  #shared: (() => Promise<unknown>)[] = [];
  #tests = 0;
  isShared = false;

  begin(): void {
    if (!this.isShared) this.name = `test${++this.#tests}`;
  }

  /** All tests use the same name, and what there is before the first one. */
  async share(begin: () => Promise<unknown>): Promise<void> {
    this.isShared = true;
    this.name = 'shared';
    await begin();
    this.#shared = this.#closed.splice(0);
  }

  cluster(options: Omit<ClusterOptions, 'redis' | 'postgres'> = {}): Cluster {
    const cluster = new Cluster({ ...this.server.address, name: this.name, ...options });
    this.#closed.push(() => cluster.close({ timeout: 0 }));
    return cluster;
  }

  async machine(
    options: Omit<ServeOptions, 'redis' | 'postgres'> = {},
    modules: readonly URL[] = [workUrl],
  ): Promise<Machine> {
    const machine = await serve(modules, {
      ...this.server.address,
      name: this.name,
      balancer: { workers: 1 },
      ...options,
    });
    this.#closed.push(() => machine.close({ timeout: 0 }));
    return machine;
  }

  async process(
    options: Omit<ServeOptions, 'redis' | 'postgres'> = {},
    modules: readonly string[] = [],
  ): Promise<MachineProcess> {
    const given = JSON.stringify({ ...this.server.address, name: this.name, ...options });
    const child = spawn(process.execPath, [program, given, ...modules], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | NodeJS.Signals>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? (signal as NodeJS.Signals)));
    });
    this.#closed.push(() => {
      child.kill('SIGKILL');
      return ended;
    });
    const lines: string[] = [];
    const id = await firstLine(child, lines, ended);
    return { id, pid: child.pid as number, lines, ended, kill: (signal) => void child.kill(signal) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#shared.map((close) => close()));
    await this.server?.stop();
  }

  async end(): Promise<void> {
    await Promise.all(this.#closed.splice(0).map((close) => close()));
  }
}

async function firstLine(child: ChildProcess, lines: string[], ended: Promise<unknown>): Promise<string> {
  const ready = new Promise<string>((resolve) => {
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() as string;
      for (const line of parts) {
        lines.push(line);
        if (line.startsWith('ready ')) resolve(line.slice(6));
      }
    });
  });
  const early = ended.then((how) => {
    throw new Error(`the machine ended with ${how} before it was ready`);
  });
  early.catch(() => {});
  return Promise.race([ready, early]);
}

/** A group of tests for each engine that there is. */
export function onEachEngine(
  tests: (site: Site) => void,
  kinds: readonly EngineServer['kind'][] = ['redis', 'postgres'],
  redis?: Parameters<typeof startRedis>[0],
): void {
  for (const kind of kinds) {
    if (kind === 'redis' && noRedis !== undefined) {
      console.warn(noRedis);
      test.skip(noRedis);
      continue;
    }
    describe(kind, () => {
      const site = new Site();
      beforeAll(async () => {
        site.server = kind === 'redis' ? await startRedis(redis) : await startPostgres();
      }, 60_000);
      afterAll(() => site.stop());
      beforeEach(() => site.begin());
      afterEach(() => site.end());
      tests(site);
    });
  }
}
