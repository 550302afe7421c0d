/**
 * What load balancers and supervisors ask a machine, on loopback: is it alive, is it ready, and its numbers.
 * Numbers are kept from web pages of elsewhere, as the dashboard is; whether it lives may be asked under any
 * name, or none, as probes do.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HEADERS, mayRead } from '../../dashboard/access.js';

export interface HealthAnswers {
  /** Why it takes no jobs now; undefined: it does. */
  unready(): string | undefined;
  /** In Prometheus' text format. Rejects where they cannot be had. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>;
  /** All of its numbers. */
  stats(): object;
}

export interface HealthServer {
  readonly port: number;
  close(): void;
}

/** Rejects where it cannot listen. It does not hold the process. */
export async function listen(port: number, answers: HealthAnswers): Promise<HealthServer> {
  const server = createServer((request, response) => void answer(request, answers, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      // Later ones, such as too many open files, concern single connections.
      server.removeAllListeners('error').on('error', () => {});
      resolve();
    });
  });
  server.unref();
  return { port: (server.address() as AddressInfo).port, close: () => end(server) };
}

async function answer(
  { method, headers, url }: IncomingMessage,
  answers: HealthAnswers,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const path = url?.replace(/\?.*/s, '') ?? '';
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    reply(response, 405, 'only GET\n');
    return;
  }
  if ((path === '/metrics' || path === '/stats') && !mayRead(headers)) {
    reply(response, 403, 'for programs of this host only: ask for 127.0.0.1 or localhost\n');
    return;
  }
  switch (path) {
    case '/healthz':
      reply(response, 200, 'ok\n');
      return;
    case '/readyz': {
      const why = answers.unready();
      reply(response, why === undefined ? 200 : 503, `${why ?? 'ok'}\n`);
      return;
    }
    case '/metrics':
      try {
        const { type, text } = await answers.metrics();
        reply(response, 200, text, type);
      } catch (error) {
        reply(response, 501, `${(error as Error).message}\n`);
      }
      return;
    case '/stats':
      reply(response, 200, `${JSON.stringify(answers.stats())}\n`, 'application/json');
      return;
    default:
      reply(response, 404, 'there are /healthz, /readyz, /metrics and /stats\n');
  }
}

function reply(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type });
  response.end(text);
}

function end(server: Server): void {
  server.close();
  server.closeAllConnections();
}
