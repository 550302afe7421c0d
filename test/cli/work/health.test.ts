import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HealthServer, listen } from '../../../dist/src/cli/work/health.js';

let server: HealthServer;
let why: string | undefined;
beforeAll(async () => {
  server = await listen(0, {
    unready: () => why,
    metrics: async () => ({ type: 'text/plain', text: 'jobs 1\n' }),
    stats: () => ({ jobs: 1 }),
  });
});
afterAll(() => server.close());

async function get(path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
  const asked = request({ host: '127.0.0.1', port: server.port, path, agent: false, ...options }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

async function statusOf(path: string, options?: RequestOptions): Promise<number | undefined> {
  const answer = await get(path, options);
  answer.resume();
  return answer.statusCode;
}

test('says whether it lives, whether it is ready, and its numbers', async () => {
  expect(await text(await get('/healthz?from=probe'))).toBe('ok\n');
  expect(await text(await get('/readyz'))).toBe('ok\n');
  why = 'no thread is ready';
  expect(await statusOf('/readyz')).toBe(503);
  expect(await text(await get('/readyz'))).toBe('no thread is ready\n');
  why = undefined;
  expect(await text(await get('/metrics'))).toBe('jobs 1\n');
  expect(await text(await get('/stats'))).toBe('{"jobs":1}\n');
});

test('tells its numbers to no web page of elsewhere', async () => {
  const host = `127.0.0.1:${server.port}`;
  for (const headers of [
    { host: 'evil.example' },
    { host: `evil.example:${server.port}` },
    { host, origin: 'http://evil.example' },
    { host, 'sec-fetch-site': 'cross-site' },
  ] as Record<string, string>[]) {
    for (const path of ['/metrics', '/stats', '/stats?a'])
      expect(await statusOf(path, { headers }), JSON.stringify(headers)).toBe(403);
    // Probes come under all names.
    for (const path of ['/healthz', '/readyz']) expect(await statusOf(path, { headers })).toBe(200);
  }
  expect(await statusOf('/stats', { headers: { host: 'localhost:9999' } })).toBe(200);
  const { headers } = await get('/stats');
  expect(headers['cross-origin-resource-policy']).toBe('same-origin');
});

test('bears every address, and changes nothing', async () => {
  for (const path of ['//', '///stats', 'http://', '/%', '/../stats', '/constructor', '*'])
    expect(await statusOf(path), path).toBe(404);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect(await statusOf('/stats', { method })).toBe(405);
});

test('answers a probe that speaks HTTP 1.0, and says no name', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.end('GET /readyz HTTP/1.0\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});
