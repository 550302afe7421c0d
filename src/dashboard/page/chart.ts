/** One line chart over time: uPlot, a legend with the values at the cursor, and the keyboard. */
import uPlot from 'uplot';
import { styleColor } from './colors.js';
import { element, setColor, setText } from './dom.js';

export interface Series {
  readonly name: string;
  color(): string;
  readonly dashed?: boolean;
  readonly fill?: boolean;
}

export interface ChartSetup {
  readonly series: readonly Series[];
  readonly logarithmic: boolean;
  format(value: number): string;
  /** At the axis; default: `format`. */
  formatAxis?(value: number): string;
}

type Column = (number | null)[];

const HEIGHT = 210;
/** Shown at the beginning, in s. */
const LEAST_SPAN_S = 60;
/** The least range of a logarithmic axis: 0.1 ms to 10 ms. */
const LEAST_LOG: readonly [number, number] = [0.1, 10];

export class Chart {
  readonly #host: HTMLElement;
  readonly #setup: ChartSetup;
  readonly #values: HTMLElement[] = [];
  readonly #keys: HTMLElement[] = [];
  readonly #time = element('li');
  #plot: uPlot;
  #data: Column[];
  #span: number;

  /** @param span how much time it shows, in ms */
  constructor(host: HTMLElement, setup: ChartSetup, span: number) {
    this.#host = host;
    this.#setup = setup;
    this.#span = span;
    this.#data = [[], ...setup.series.map(() => [])];
    this.#plot = this.#create();
    host.after(this.#legend());
    new ResizeObserver(() => this.#plot.setSize({ width: host.clientWidth, height: HEIGHT })).observe(host);
    host.addEventListener('keydown', (event) => this.#key(event));
    host.addEventListener('blur', () => this.#leave());
  }

  /** @param columns times in ms, then one column for each series */
  show(columns: readonly Column[]): void {
    const [times, ...rest] = columns as [Column, ...Column[]];
    this.#data = [times.map((ms) => (ms as number) / 1000), ...rest];
    this.#plot.setData(this.#data as uPlot.AlignedData, false);
    this.#rescale();
    this.#readout();
  }

  /** The colours have changed. */
  recolor(): void {
    this.#plot.destroy();
    this.#plot = this.#create();
    this.#rescale();
    this.#colorKeys();
  }

  /** uPlot's own choice of a range would jump with each point, and shrink while there are few. */
  #rescale(): void {
    const times = this.#data[0] as number[];
    const last = times.at(-1) ?? Date.now() / 1000;
    const known = last - (times[0] ?? last);
    const shown = Math.min(this.#span / 1000, Math.max(LEAST_SPAN_S, known));
    this.#plot.batch(() => {
      this.#plot.setScale('x', { min: last - shown, max: last });
    });
  }

  #create(): uPlot {
    const { series, logarithmic, format, formatAxis = format } = this.#setup;
    const axis = {
      stroke: styleColor('dim'),
      grid: { stroke: styleColor('grid'), width: 1 },
      ticks: { stroke: styleColor('grid'), width: 1, size: 4 },
      // uPlot reads whole numbers of pixels alone.
      font: '12px system-ui, sans-serif',
    };
    return new uPlot(
      {
        width: this.#host.clientWidth || 400,
        height: HEIGHT,
        padding: [10, 28, 0, 0],
        legend: { show: false },
        cursor: { y: false, sync: { key: 'time' }, drag: { x: false, y: false } },
        scales: {
          x: { time: true, auto: false },
          y: logarithmic
            ? { distr: 3, range: (_plot, min, max) => logRange(min, max) }
            : { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] },
        },
        axes: [
          { ...axis, size: 30, space: 76, values: (_plot, splits) => splits.map(clock) },
          {
            ...axis,
            size: 62,
            values: (_plot, splits) => splits.map(formatAxis),
            // Left alone, uPlot leaves out labels of logarithmic axes where it has many ticks.
            ...(logarithmic
              ? {
                  splits: (_plot, _axis, min, max) => decades(min, max),
                  filter: (_plot, splits) => splits,
                }
              : {}),
          },
        ],
        series: [
          {},
          ...series.map(({ color, dashed, fill }) => ({
            stroke: color(),
            width: dashed ? 1.5 : 2,
            spanGaps: false,
            points: { show: false, size: 5, filter: (_plot: uPlot, at: number) => this.#alone(at) },
            ...(dashed ? { dash: [5, 4] } : {}),
            ...(fill ? { fill: `${color()}22` } : {}),
          })),
        ],
        hooks: { setCursor: [() => this.#readout()] },
      },
      this.#data as uPlot.AlignedData,
      this.#host,
    );
  }

  /** The points between which there is no line, and which would not be seen. */
  #alone(series: number): number[] | null {
    const values = this.#data[series] as Column;
    const has = (at: number): boolean => values[at] !== null && values[at] !== undefined;
    const alone = [...values.keys()].filter((at) => has(at) && !has(at - 1) && !has(at + 1));
    return alone.length === 0 ? null : alone;
  }

  #legend(): HTMLElement {
    const items = this.#setup.series.map(({ name, dashed }) => {
      const key = element('span', { class: dashed ? 'key line dashed' : 'key line' });
      const value = element('b');
      this.#keys.push(key);
      this.#values.push(value);
      return element('li', {}, key, name, value);
    });
    this.#colorKeys();
    return element('ul', { class: 'legend', 'aria-label': 'Latest values' }, ...items, this.#time);
  }

  #colorKeys(): void {
    for (const [i, key] of this.#keys.entries()) setColor(key, this.#setup.series[i]!.color());
  }

  /** The values at the cursor, else the latest. */
  #readout(): void {
    const times = this.#data[0] as number[];
    const cursor = this.#plot?.cursor.idx;
    const at = cursor ?? times.length - 1;
    for (const [i, node] of this.#values.entries()) {
      const value = this.#data[i + 1]?.[at];
      setText(node, value === null || value === undefined ? '–' : this.#setup.format(value));
    }
    const time = cursor === null || cursor === undefined ? undefined : times[at];
    setText(this.#time, time === undefined ? '' : `at ${clock(time)}`);
  }

  #key(event: KeyboardEvent): void {
    const times = this.#data[0] as number[];
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape') this.#leave();
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    // Announced while the keyboard moves it, but not each half a second.
    this.#time.parentElement?.setAttribute('aria-live', 'polite');
    const from = this.#plot.cursor.idx ?? times.length;
    const to = Math.min(times.length - 1, Math.max(0, from + step));
    this.#plot.setCursor({ left: this.#plot.valToPos(times[to] as number, 'x'), top: 10 });
  }

  #leave(): void {
    this.#time.parentElement?.removeAttribute('aria-live');
    this.#plot.setCursor({ left: -10, top: -10 });
  }
}

/** Whole decades around the values. */
function logRange(min: number | null, max: number | null): [number, number] {
  const from = Math.min(LEAST_LOG[0], min !== null && min > 0 ? min : LEAST_LOG[0]);
  const to = Math.max(LEAST_LOG[1], max ?? 0);
  return [10 ** Math.floor(Math.log10(from)), 10 ** Math.ceil(Math.log10(to))];
}

function decades(min: number, max: number): number[] {
  const first = Math.round(Math.log10(min));
  const last = Math.round(Math.log10(max));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** @param seconds since 1970 */
function clock(seconds: number): string {
  return CLOCK.format(seconds * 1000);
}
