import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A Redis of this process' own, on loopback, without persistence. */
export async function startRedis() {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  await new Promise((resolve, reject) => {
    server.on('error', reject);
    server.stdout.on('data', (text) => {
      if (String(text).includes('Ready to accept connections')) resolve(undefined);
    });
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    connection: { host: '127.0.0.1', port },
    async stop() {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
