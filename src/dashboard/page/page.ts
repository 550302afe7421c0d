/**
 * The page: receives what the server sends, keeps the last minutes of it, and shows one Balancer at a time.
 */
import type { Events, Hello, Point, PoolUpdate, Slice, Snapshot, Update } from '../wire.js';
import { Chart } from './chart.js';
import { onScheme, outcomeColor, styleColor, TaskColors } from './colors.js';
import { byId, element, setText } from './dom.js';
import { decade, duration, rate, short } from './format.js';
import { Notices } from './notices.js';
import { Tables } from './tables.js';
import { TaskStream } from './task-stream.js';
import { Totals } from './totals.js';

/** What the page knows of one Balancer. */
interface Pool {
  readonly name: string;
  snapshot: Snapshot;
  points: Point[];
  slices: Slice[];
}

class Page {
  readonly #hello: Hello;
  readonly #pools: Pool[];
  readonly #colors = new TaskColors();
  readonly #totals = new Totals();
  readonly #notices = new Notices();
  readonly #tables = new Tables(this.#colors);
  readonly #stream: TaskStream;
  readonly #rate: Chart;
  readonly #times: Chart;
  #shown = 0;
  #isPaused = false;

  constructor(hello: Hello) {
    this.#hello = hello;
    this.#pools = hello.pools.map(({ name, snapshot, points, slices }) => {
      return { name, snapshot, points: [...points], slices: [...slices] };
    });
    this.#stream = new TaskStream(this.#colors, hello.sliceSpan);
    this.#rate = new Chart(
      byId('rate'),
      {
        logarithmic: false,
        format: rate,
        formatAxis: short,
        series: [
          { name: 'fulfilled', color: () => outcomeColor('fulfilled'), fill: true },
          { name: 'all others', color: () => outcomeColor('failed'), dashed: true },
        ],
      },
      hello.pointSpan,
    );
    const [wait, run] = [() => outcomeColor('timedOut'), () => styleColor('good')];
    this.#times = new Chart(
      byId('times'),
      {
        logarithmic: true,
        format: duration,
        formatAxis: decade,
        series: [
          { name: 'run p50', color: run },
          { name: 'run p99', color: run, dashed: true },
          { name: 'wait p50', color: wait },
          { name: 'wait p99', color: wait, dashed: true },
        ],
      },
      hello.pointSpan,
    );
    const { title, pid, node } = hello.process;
    setText(byId('process'), `${title}, process ${pid}, Node ${node}`);
    this.#showChoice();
    byId('pause').addEventListener('click', () => this.#pause());
    onScheme(() => this.#recolor());
    this.#show();
  }

  update({ at, pools }: Update): void {
    for (const [i, update] of pools.entries()) this.#add(this.#pools[i] as Pool, update, at);
    if (!this.#isPaused) this.#show();
  }

  #add(pool: Pool, { snapshot, points, slices }: PoolUpdate, at: number): void {
    pool.snapshot = snapshot;
    pool.points = [...pool.points, ...points].filter((point) => point.at > at - this.#hello.pointSpan);
    const from = at - this.#hello.sliceSpan;
    pool.slices = [...pool.slices, ...slices].filter(([, start, length]) => start + length > from);
  }

  #show(): void {
    const { name, snapshot, points, slices } = this.#pools[this.#shown] as Pool;
    const column = (key: keyof Point): (number | null)[] => points.map((point) => point[key]);
    this.#totals.show(snapshot);
    this.#notices.show(name, snapshot);
    this.#rate.show([column('at'), column('fulfilled'), column('unsuccessful')]);
    this.#times.show([
      column('at'),
      column('runP50'),
      column('runP99'),
      column('waitP50'),
      column('waitP99'),
    ]);
    this.#stream.show(slices, snapshot);
    this.#tables.show(snapshot);
  }

  /** A button for each Balancer of a Router. */
  #showChoice(): void {
    if (this.#pools.length === 1) return;
    const group = byId('pools');
    group.hidden = false;
    for (const [i, { name }] of this.#pools.entries()) {
      const button = element('button', { type: 'button', 'aria-pressed': String(i === 0) }, name);
      button.addEventListener('click', () => {
        this.#shown = i;
        for (const [at, each] of [...group.children].entries())
          each.setAttribute('aria-pressed', String(at === i));
        this.#show();
      });
      group.append(button);
    }
  }

  #pause(): void {
    this.#isPaused = !this.#isPaused;
    byId('pause').setAttribute('aria-pressed', String(this.#isPaused));
    const { state } = byId('connection').dataset;
    // What is lost or over stays so, paused or not.
    if (this.#isPaused && state === 'live') showConnection('paused', 'paused');
    else if (!this.#isPaused && state === 'paused') showConnection('live', 'live');
    if (!this.#isPaused) this.#show();
  }

  #recolor(): void {
    this.#totals.recolor();
    this.#rate.recolor();
    this.#times.recolor();
    this.#show();
  }
}

function showConnection(state: 'live' | 'paused' | 'lost' | 'over', text: string): void {
  const node = byId('connection');
  node.dataset.state = state;
  setText(node, text);
}

let page: Page | undefined;
const source = new EventSource('events');

function on<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): void {
  source.addEventListener(name, ({ data }) => listener(JSON.parse(data)));
}

on('hello', (hello) => {
  // After a reconnection: perhaps another process, with other Balancers.
  if (page !== undefined) {
    location.reload();
    return;
  }
  page = new Page(hello);
  document.title = `${hello.pools.map(({ name }) => name).join(', ')} – leastwork`;
  showConnection('live', 'live');
});
on('update', (update) => page?.update(update));
on('end', (update) => {
  source.close();
  page?.update(update);
  showConnection('over', 'closed: these are the last numbers');
});
source.addEventListener('error', () => showConnection('lost', 'connection lost, trying again'));
