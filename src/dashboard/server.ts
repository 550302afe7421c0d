/** The HTTP server of a dashboard: three files, and a stream of events. It keeps no process alive. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BalancerError } from '../errors/errors.js';
import { setImmediate } from '../protocol/timers.js';
import { HEADERS, mayRead } from './access.js';
import { html, script, style } from './assets.js';

const HOST = '127.0.0.1';
/** A page that takes no more is dropped at this many bytes; it comes again by itself. */
const MOST_UNREAD = 4 * 2 ** 20;
const MOST_CONNECTIONS = 64;

const FILES: Readonly<Record<string, readonly [type: string, text: string]>> = {
  '/': ['text/html; charset=utf-8', html],
  '/page.js': ['text/javascript; charset=utf-8', script],
  '/style.css': ['text/css; charset=utf-8', style],
};

export class DashboardServer {
  readonly #server: Server;
  readonly #pages = new Set<ServerResponse>();
  readonly #greeting: () => string;

  /** @param greeting the first event for a page that connects */
  constructor(greeting: () => string) {
    this.#greeting = greeting;
    this.#server = createServer((request, response) => this.#answer(request, response)).unref();
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('connection', (socket) => socket.unref());
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether any page is open. */
  get hasPages(): boolean {
    return this.#pages.size > 0;
  }

  /** @throws BalancerError with code `ERR_DASHBOARD_PORT`: the port cannot be had */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => reject(portError(port, cause)));
      this.#server.listen(port, HOST, () => {
        // Later ones, such as too many open files, concern single connections.
        this.#server.removeAllListeners('error').on('error', () => {});
        resolve();
      });
    });
  }

  /** Sends an event to all pages. */
  send(event: string): void {
    for (const page of this.#pages) {
      if (page.writableLength > MOST_UNREAD) page.destroy();
      else page.write(event);
    }
  }

  /** Ends all streams, with a last event, and the server. */
  async close(last: string): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const page of this.#pages) page.end(last);
    this.#server.closeIdleConnections();
    // What a page does not take now, is not waited for.
    setImmediate(() => this.#server.closeAllConnections());
    await closed;
  }

  #answer({ method, headers, url }: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const path = url?.replace(/\?.*/s, '') ?? '';
    const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
    if (!mayRead(headers)) {
      refuse(response, 403, 'for pages of this machine only');
    } else if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      refuse(response, 405, 'read-only');
    } else if (path === '/events' && method === 'GET') {
      this.#stream(response);
    } else if (file === undefined) {
      refuse(response, 404, 'not found');
    } else {
      response.setHeader('Content-Type', file[0]);
      response.end(file[1]);
    }
  }

  #stream(response: ServerResponse): void {
    response.setHeader('Content-Type', 'text/event-stream');
    response.write(this.#greeting());
    this.#pages.add(response);
    response.on('close', () => this.#pages.delete(response));
    response.on('error', () => {});
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${why}\n`);
}

function portError(port: number, cause: NodeJS.ErrnoException): BalancerError {
  const why =
    cause.code === 'EADDRINUSE'
      ? `port ${port} is in use: choose another one, or 0 for any free one`
      : `it cannot listen at ${HOST}:${port}: ${cause.message}`;
  return new BalancerError('ERR_DASHBOARD_PORT', `the dashboard: ${why}`, { cause });
}
