import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atFreePort, freePort, redisServer, started } from './engines.js';

/** A Redis Cluster of three nodes, on loopback. */
export interface RedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  stop(): Promise<void>;
}

export async function startRedisCluster(): Promise<RedisCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'leastwork-redis-cluster-'));
  const nodes: { host: string; port: number }[] = [];
  const children: ChildProcess[] = [];
  for (let i = 0; i < 3; i++) {
    const own = path.join(folder, String(i));
    mkdirSync(own);
    const [child, port] = await atFreePort(async (port) => {
      const args = [
        ...['--port', String(port), '--cluster-port', String(await freePort()), '--bind', '127.0.0.1'],
        ...['--dir', own, '--cluster-enabled', 'yes', '--save', ''],
      ];
      const child = spawn(redisServer as string, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await started(child, /Ready to accept connections/);
      return [child, port] as const;
    });
    children.push(child);
    nodes.push({ host: '127.0.0.1', port });
  }
  const addresses = nodes.map(({ host, port }) => `${host}:${port}`);
  const made = spawnSync(clientProgram(), ['--cluster', 'create', ...addresses, '--cluster-yes'], {
    encoding: 'utf8',
  });
  const stop = async (): Promise<void> => {
    for (const child of children) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  if (made.status !== 0) {
    await stop();
    throw new Error(`redis-cli --cluster create: ${made.error?.message ?? made.stdout + made.stderr}`);
  }
  return { nodes, stop };
}

/** The one that came with the server, or that of another: all of them speak the same. */
function clientProgram(): string {
  const own = (redisServer as string).replace(/server$/, 'cli');
  const found = [own, 'redis-cli', 'valkey-cli'].find(
    (program) => spawnSync(program, ['--version']).status === 0,
  );
  return found ?? own;
}
