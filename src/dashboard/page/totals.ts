/** The panel of totals: what became of all requests, and where the others are. */
import type { Outcomes, Snapshot } from '../wire.js';
import { type OutcomeName, outcomeColor } from './colors.js';
import { byId, element, setText } from './dom.js';
import { count, percent } from './format.js';

const OUTCOMES: readonly (readonly [OutcomeName, title: string])[] = [
  ['fulfilled', 'Fulfilled'],
  ['failed', 'Failed'],
  ['timedOut', 'Timed out'],
  ['aborted', 'Aborted'],
  ['crashed', 'Crashed'],
  ['refused', 'Refused'],
  ['closed', 'Closed'],
];

interface Figure {
  readonly box: HTMLElement;
  readonly value: HTMLElement;
  readonly note: HTMLElement;
}

export class Totals {
  readonly #figures = new Map<string, Figure>();
  readonly #shares = new Map<OutcomeName, HTMLElement>();
  readonly #swatches = new Map<OutcomeName, HTMLElement>();

  constructor() {
    const list = byId('figures');
    for (const [key, title] of [['waiting', 'Waiting'], ['pending', 'At workers'], ...OUTCOMES] as const) {
      const term = element('dt', {}, title);
      const value = element('span');
      const note = element('small');
      const box = element('div', {}, term, element('dd', {}, value, note));
      this.#figures.set(key, { box, value, note });
      list.append(box);
    }
    for (const [name] of OUTCOMES) {
      const swatch = element('i', { 'aria-hidden': 'true' });
      this.#figures.get(name)?.box.firstElementChild?.prepend(swatch);
      this.#swatches.set(name, swatch);
      const share = element('span');
      this.#shares.set(name, share);
      byId('shares').append(share);
    }
    this.recolor();
  }

  show(snapshot: Snapshot): void {
    const { waiting, maxQueue, pending, outcomes } = snapshot;
    this.#set('waiting', waiting, maxQueue === null ? 'no limit' : `of ${count(maxQueue)}`);
    const isFull = maxQueue !== null && maxQueue > 0 && waiting >= maxQueue;
    this.#figures.get('waiting')?.box.classList.toggle('full', isFull);
    this.#set('pending', pending, 'sent or running');
    const all = sum(outcomes);
    for (const [name] of OUTCOMES) {
      const value = outcomes[name];
      this.#set(name, value, noteOf(name, snapshot, all));
      const share = this.#shares.get(name) as HTMLElement;
      share.hidden = value === 0;
      share.style.flexGrow = String(value / Math.max(all, 1));
    }
  }

  recolor(): void {
    for (const [name] of OUTCOMES) {
      for (const each of [this.#shares.get(name), this.#swatches.get(name)]) {
        if (each !== undefined) each.style.background = outcomeColor(name);
      }
    }
  }

  #set(key: string, value: number, note: string): void {
    const figure = this.#figures.get(key) as Figure;
    setText(figure.value, count(value));
    setText(figure.note, note);
    figure.box.classList.toggle('zero', value === 0);
  }
}

/** Its share of all, or what it consists of. */
function noteOf(name: OutcomeName, { outcomes, timedOutQueued }: Snapshot, all: number): string {
  const value = outcomes[name];
  if (value === 0) return '';
  if (name !== 'timedOut') return percent(value / all);
  return `${count(timedOutQueued)} waiting, ${count(value - timedOutQueued)} running`;
}

function sum(outcomes: Outcomes): number {
  return OUTCOMES.reduce((all, [name]) => all + outcomes[name], 0);
}
