/** A live view of Balancers, as a page at 127.0.0.1. */
import { basename } from 'node:path';
import type { Balancer } from '../balancer.js';
import { BalancerClosedError } from '../errors/errors.js';
import { invalid } from '../options/validate.js';
import { clearInterval, setInterval } from '../protocol/timers.js';
import type { Router, Submitter } from '../router/router.js';
import { type Observation, observationsOf } from '../stats/observation.js';
import { Feed, POINT_SPAN_MS, SLICE_SPAN_MS } from './feed.js';
import { type DashboardOptions, dashboardOptions } from './options.js';
import { DashboardServer } from './server.js';
import type { Events, Hello, Update } from './wire.js';

/** Between two looks at the Balancers, in ms. */
const INTERVAL_MS = 500;

/** A dashboard that is served. It ends with `close`, or when all its Balancers are closed. */
export interface Dashboard {
  /** As in `http://127.0.0.1:7777/`. */
  readonly url: string;
  readonly port: number;
  /** Ends the page's streams, and the server. Can be called repeatedly. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves a page that shows what Balancers do, at 127.0.0.1: totals by outcome, rate, wait and run times,
 * workers, tasks, and which worker has run what. It needs no network, changes nothing, answers pages of this
 * machine alone, and keeps no process alive. While it is served, each request costs some counters: see
 * docs/dashboard.md.
 *
 * @example
 * const dashboard = await serveDashboard(balancer, { port: 7777 })
 * console.log(dashboard.url)
 *
 * @param target a Balancer, or a Router: the page then has a tab for each of its Balancers
 * @throws InvalidOptionError
 * @throws BalancerClosedError
 * @throws BalancerError with code `ERR_DASHBOARD_PORT`: the port cannot be had
 */
export async function serveDashboard(
  target: Balancer | Router<Submitter>,
  options: DashboardOptions = {},
): Promise<Dashboard> {
  const { port } = dashboardOptions(options);
  const observations = typeof target === 'object' && target !== null ? observationsOf(target) : [];
  if (observations.length === 0) throw invalid('serveDashboard(target)', target, 'a Balancer or a Router');
  if (observations.every(({ isClosed }) => isClosed)) throw new BalancerClosedError('the Balancer is closed');
  const running = new RunningDashboard(observations);
  await running.listen(port);
  return running;
}

class RunningDashboard implements Dashboard {
  readonly #feeds: readonly Feed[];
  readonly #server = new DashboardServer(() => event('hello', this.#hello()));
  readonly #forget: (() => void)[];
  #timer: NodeJS.Timeout | undefined;
  #open: number;
  #port = 0;
  #end: Promise<void> | undefined;

  constructor(observations: readonly Observation[]) {
    const names = distinct(observations.map(({ name }) => name));
    this.#feeds = observations.map((observation, i) => new Feed(names[i] as string, observation));
    this.#open = observations.filter(({ isClosed }) => !isClosed).length;
    this.#forget = observations.map((observation, i) => observation.onClosed(() => this.#closed(i)));
  }

  async listen(port: number): Promise<void> {
    try {
      await this.#server.listen(port);
    } catch (error) {
      this.#stop();
      throw error;
    }
    this.#port = this.#server.port;
    this.#timer = setInterval(() => this.#look(true), INTERVAL_MS).unref();
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async close(): Promise<void> {
    this.#end ??= this.#close();
    await this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const last = event('end', this.#update(true));
    this.#stop();
    await this.#server.close(last);
  }

  #stop(): void {
    clearInterval(this.#timer);
    for (const forget of this.#forget) forget();
    for (const feed of this.#feeds) feed.stop();
  }

  #closed(index: number): void {
    this.#feeds[index]?.closed();
    this.#open--;
    if (this.#open === 0) void this.close();
  }

  #look(measures: boolean): void {
    const update = this.#update(measures);
    if (this.#server.hasPages) this.#server.send(event('update', update));
  }

  #update(measures: boolean): Update {
    return { at: Date.now(), pools: this.#feeds.map((feed) => feed.update(measures)) };
  }

  #hello(): Hello {
    // All pages get what is new now, so that none gets it twice.
    this.#look(false);
    return {
      interval: INTERVAL_MS,
      pointSpan: POINT_SPAN_MS,
      sliceSpan: SLICE_SPAN_MS,
      process: { pid: process.pid, title: title(), node: process.version },
      pools: this.#feeds.map((feed) => ({ name: feed.name, ...feed.all })),
    };
  }
}

function event<Name extends keyof Events>(name: Name, data: Events[Name]): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The program's file, as somebody who has several pages open knows it. */
function title(): string {
  const [, file] = process.argv;
  return file === undefined ? process.title : basename(file);
}

/** The same names with a number after each that has come before. */
function distinct(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} ${count}`;
  });
}
