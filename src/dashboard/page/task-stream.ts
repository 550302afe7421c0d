/** The task stream: one row for each worker, time from left to right, a bar for what ran. */
import type { Slice, Snapshot } from '../wire.js';
import { styleColor, type TaskColors } from './colors.js';
import { byId, element, setColor, setText } from './dom.js';
import { duration } from './format.js';

/** A bar as it is drawn. `end` of what still runs is now. */
interface Bar {
  readonly label: string;
  readonly start: number;
  readonly end: number;
  readonly task: string;
  readonly count: number;
  readonly failed: number;
  readonly isRunning: boolean;
}

const LEFT = 44;
const BOTTOM = 22;
const FONT = '12px system-ui, sans-serif';
/** Between two ticks of the time axis, in s. */
const TICK_S = 5;

export class TaskStream {
  readonly #host = byId('stream');
  readonly #canvas = this.#host.querySelector('canvas') as HTMLCanvasElement;
  readonly #readout = byId('stream-readout');
  readonly #legend = byId('stream-legend');
  readonly #legendItems = new Map<string, HTMLElement>();
  readonly #colors: TaskColors;
  readonly #span: number;
  #rows: string[] = [];
  #bars: Bar[] = [];
  #now = 0;
  #selected: Bar | undefined;

  /** @param span how much time it shows, in ms */
  constructor(colors: TaskColors, span: number) {
    this.#colors = colors;
    this.#span = span;
    new ResizeObserver(() => this.draw()).observe(this.#host);
    this.#canvas.addEventListener('pointermove', (event) => this.#select(this.#at(event), true));
    this.#canvas.addEventListener('pointerleave', () => this.#select(undefined));
    this.#host.addEventListener('keydown', (event) => this.#key(event));
    this.#host.addEventListener('blur', () => this.#select(undefined));
  }

  show(slices: readonly Slice[], snapshot: Snapshot): void {
    this.#now = snapshot.at;
    const from = this.#now - this.#span;
    this.#bars = slices
      .filter(([, start, length]) => start + length >= from)
      .map(([label, start, length, task, count, failed]) => {
        return { label, start, end: start + length, task, count, failed, isRunning: false };
      });
    for (const { label, running } of snapshot.workers) {
      if (running === null) continue;
      const { task, since } = running;
      this.#bars.push({ label, start: since, end: this.#now, task, count: 1, failed: 0, isRunning: true });
    }
    const labels = new Set(snapshot.workers.map(({ label }) => label));
    for (const { label } of this.#bars) labels.add(label);
    this.#rows = [...labels].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    this.#showLegend();
    this.draw();
  }

  draw(): void {
    const ratio = devicePixelRatio;
    const width = this.#host.clientWidth;
    const height = this.#rows.length * this.#rowHeight + BOTTOM;
    const canvas = this.#canvas;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.scale(ratio, ratio);
    this.#drawGrid(context, width, height);
    for (const bar of this.#bars) this.#drawBar(context, width, bar);
    this.#drawSelection(context, width);
  }

  get #rowHeight(): number {
    if (this.#rows.length <= 8) return 24;
    return this.#rows.length <= 24 ? 16 : 10;
  }

  #x(time: number, width: number): number {
    return LEFT + ((time - this.#now) / this.#span + 1) * (width - LEFT);
  }

  #drawGrid(context: CanvasRenderingContext2D, width: number, height: number): void {
    const rowHeight = this.#rowHeight;
    context.font = FONT;
    context.textBaseline = 'middle';
    context.fillStyle = styleColor('idle');
    const gap = rowHeight > 12 ? 3 : 1;
    for (const i of this.#rows.keys()) {
      context.fillRect(LEFT, i * rowHeight, width - LEFT, rowHeight - gap);
    }
    context.fillStyle = styleColor('dim');
    context.textAlign = 'right';
    const every = rowHeight >= 14 ? 1 : 2;
    for (const [i, label] of this.#rows.entries()) {
      if (i % every === 0)
        context.fillText(label.slice(0, 7), LEFT - 8, i * rowHeight + (rowHeight - gap) / 2);
    }
    context.textAlign = 'center';
    const seconds = this.#span / 1000;
    const step = width < 480 ? 2 * TICK_S : TICK_S;
    for (let s = 0; s <= seconds; s += step) {
      const x = this.#x(this.#now - s * 1000, width);
      const text = s === 0 ? 'now' : `−${s} s`;
      if (s === 0) context.textAlign = 'right';
      else context.textAlign = x < LEFT + 20 ? 'left' : 'center';
      context.fillText(text, x, height - BOTTOM / 2 + 3);
    }
  }

  #drawBar(context: CanvasRenderingContext2D, width: number, bar: Bar): void {
    const box = this.#box(bar, width);
    if (box === undefined) return;
    const [x, y, w, h] = box;
    const color = bar.isRunning
      ? mixed(this.#colors.of(bar.task), styleColor('idle'))
      : this.#colors.of(bar.task);
    context.fillStyle = color;
    context.fillRect(x, y, w, h);
    if (bar.failed > 0) {
      // Not by colour alone: a mark along the bar's foot.
      context.fillStyle = styleColor('bad');
      context.fillRect(x, y + h - 4, Math.max(w, 2), 4);
    }
    if (w > 60 && h > 12) {
      context.fillStyle = textOn(color);
      context.textAlign = 'left';
      const text = bar.count > 1 ? `${bar.task} ×${bar.count}` : bar.task;
      context.save();
      context.beginPath();
      context.rect(x, y, w - 6, h);
      context.clip();
      context.fillText(text, x + 6, y + h / 2 + 0.5);
      context.restore();
    }
  }

  /** Left, top, width and height of a bar. */
  #box(bar: Bar, width: number): readonly [number, number, number, number] | undefined {
    const row = this.#rows.indexOf(bar.label);
    const rowHeight = this.#rowHeight;
    const left = Math.max(LEFT, this.#x(bar.start, width));
    const right = this.#x(bar.end, width);
    if (row < 0 || right < LEFT) return undefined;
    return [left, row * rowHeight, Math.max(1, right - left), rowHeight - (rowHeight > 12 ? 3 : 1)];
  }

  #drawSelection(context: CanvasRenderingContext2D, width: number): void {
    const box = this.#selected && this.#box(this.#selected, width);
    if (box === undefined) return;
    context.strokeStyle = styleColor('text');
    context.lineWidth = 2;
    context.strokeRect(box[0] - 1, box[1] - 1, box[2] + 2, box[3] + 2);
  }

  #at(event: PointerEvent): Bar | undefined {
    const width = this.#host.clientWidth;
    const x = event.offsetX;
    const label = this.#rows[Math.floor(event.offsetY / this.#rowHeight)];
    let nearest: Bar | undefined;
    let least = 4;
    for (const bar of this.#bars) {
      const box = bar.label === label && this.#box(bar, width);
      if (!box) continue;
      const distance = Math.max(box[0] - x, x - box[0] - box[2], 0);
      if (distance < least) {
        least = distance;
        nearest = bar;
      }
    }
    return nearest;
  }

  #select(bar: Bar | undefined, isQuiet = false): void {
    this.#selected = bar;
    // A screen reader is told of what the keyboard selects, not of each move of the mouse.
    this.#readout.setAttribute('aria-live', isQuiet ? 'off' : 'polite');
    setText(this.#readout, bar === undefined ? '' : this.#describe(bar));
    this.draw();
  }

  #describe(bar: Bar): string {
    const { label, task, count, failed, start, end, isRunning } = bar;
    const ago = duration(Math.max(0, this.#now - end));
    const what = count > 1 ? `${count} runs of ${task} in` : `${task} for`;
    const parts = [`Worker ${label}: ${what} ${duration(end - start)}`];
    parts.push(isRunning ? 'still running' : `${ago} ago`);
    if (failed > 0) parts.push(`${failed} failed`);
    return parts.join(', ');
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#select(undefined);
    if (!/^Arrow/.test(event.key) || this.#bars.length === 0) return;
    event.preventDefault();
    const now = this.#selected ?? { label: this.#rows[0] as string, start: this.#now, end: this.#now };
    const row = this.#rows.indexOf(now.label);
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      const label = this.#rows[row + (event.key === 'ArrowUp' ? -1 : 1)];
      const middle = (now.start + now.end) / 2;
      const away = (bar: Bar): number => Math.max(bar.start - middle, middle - bar.end, 0);
      const there = this.#bars.filter((bar) => bar.label === label).sort((a, b) => away(a) - away(b));
      if (there[0] !== undefined) this.#select(there[0]);
      return;
    }
    const inRow = this.#bars.filter((bar) => bar.label === now.label).sort((a, b) => a.start - b.start);
    const next =
      event.key === 'ArrowLeft'
        ? inRow.findLast((bar) => bar.start < now.start)
        : inRow.find((bar) => bar.start > now.start);
    if (next !== undefined) this.#select(next);
  }

  #showLegend(): void {
    const seen = new Set(this.#bars.map(({ task }) => task));
    for (const task of seen) {
      let item = this.#legendItems.get(task);
      if (item === undefined) {
        item = element('li', {}, element('span', { class: 'key' }), task);
        this.#legendItems.set(task, item);
        this.#legend.append(item);
      }
      setColor(item.firstElementChild as HTMLElement, this.#colors.of(task));
    }
    for (const [task, item] of this.#legendItems) item.hidden = !seen.has(task);
  }
}

/** How much of a bar's colour there is in that of one that still runs. */
const RUNNING = 0.62;

/** A colour on a ground, both given as `#rrggbb`. */
function mixed(color: string, ground: string): string {
  const parts = [1, 3, 5].map((at) => {
    const [top, below] = [color, ground].map((each) => Number.parseInt(each.slice(at, at + 2), 16)) as [
      number,
      number,
    ];
    return Math.round(RUNNING * top + (1 - RUNNING) * below)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${parts.join('')}`;
}

/** Black or white: what can be read on that colour, given as `#rrggbb`. */
function textOn(color: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => (Number.parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  const luminance = 0.2126 * (r as number) + 0.7152 * (g as number) + 0.0722 * (b as number);
  return luminance > 0.18 ? '#000' : '#fff';
}
