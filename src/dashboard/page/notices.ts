/**
 * What needs attention, in words: a full queue, a worker that does not come back, threads that do not start.
 */
import type { Snapshot, WorkerRow } from '../wire.js';
import { byId, element } from './dom.js';
import { count, duration } from './format.js';

/** A run shorter than this is not called stuck, in ms. */
const LEAST_STUCK_MS = 5_000;
/** How many times the usual 99 % a run must take to be called stuck. */
const STUCK_FACTOR = 5;

/** How long refused requests are spoken of, in ms: a full queue has room now and then. */
const REFUSAL_MS = 10_000;

interface Notice {
  /** The same notice keeps its element, so that a screen reader reads it once. */
  readonly key: string;
  readonly title: string;
  readonly text: string;
}

/** Whether a worker runs something for far longer than that task usually takes. */
export function isStuck({ running }: WorkerRow, { at, tasks }: Snapshot): boolean {
  if (running === null) return false;
  const usual = tasks.find(({ name }) => name === running.task)?.runP99 ?? 0;
  return at - running.since > Math.max(LEAST_STUCK_MS, STUCK_FACTOR * usual);
}

function noticesOf(snapshot: Snapshot, isRefusing: boolean): readonly Notice[] {
  const { waiting, maxQueue, outcomes, workers, tasks, trouble, at } = snapshot;
  const notices: Notice[] = [];
  if (trouble !== null) notices.push({ key: 'trouble', title: 'No worker can be started.', text: trouble });
  if (maxQueue !== null && maxQueue > 0 && (isRefusing || waiting >= maxQueue)) {
    const text = `${count(waiting)} of ${count(maxQueue)} wait; ${count(outcomes.refused)} were refused so far.`;
    const isFull = waiting >= maxQueue;
    const title = isFull ? 'The queue is full.' : 'The queue was full a moment ago.';
    notices.push({ key: `queue ${isFull}`, title, text });
  }
  for (const worker of workers) {
    const { label, id, running, state } = worker;
    if (state === 'ejected') {
      const text = 'It was silent, failed far more often than the others, or had to be ended.';
      notices.push({ key: `ejected ${id}`, title: `Worker ${label} is ejected.`, text });
    } else if (running !== null && isStuck(worker, snapshot)) {
      const usual = tasks.find(({ name }) => name === running.task)?.runP99;
      const than =
        usual === undefined || usual === null ? '' : `; 99 % of its runs take up to ${duration(usual)}`;
      const text = `It has been running ${running.task} for ${duration(at - running.since)}${than}.`;
      notices.push({ key: `stuck ${id}`, title: `Worker ${label} does not come back.`, text });
    }
  }
  return notices;
}

export class Notices {
  readonly #list = byId('notices');
  readonly #items = new Map<string, { item: HTMLElement; text: HTMLElement }>();

  #refused: number | undefined;
  #refusedAt = Number.NEGATIVE_INFINITY;

  #pool: string | undefined;

  show(pool: string, snapshot: Snapshot): void {
    const { at } = snapshot;
    const { refused } = snapshot.outcomes;
    if (pool !== this.#pool) {
      this.#refused = undefined;
      this.#refusedAt = Number.NEGATIVE_INFINITY;
    }
    this.#pool = pool;
    if (refused > (this.#refused ?? refused)) this.#refusedAt = at;
    this.#refused = refused;
    const notices = noticesOf(snapshot, at - this.#refusedAt < REFUSAL_MS);
    const gone = new Set(this.#items.keys());
    for (const { key, title, text } of notices) {
      gone.delete(key);
      const known = this.#items.get(key);
      if (known !== undefined) {
        // The numbers go on; only the notice itself is announced.
        if (known.text.textContent !== text) known.text.textContent = text;
        continue;
      }
      const made = element('span', { 'aria-live': 'off' }, text);
      const item = element('p', {}, element('b', {}, title), ' ', made);
      this.#items.set(key, { item, text: made });
      this.#list.append(item);
    }
    for (const key of gone) {
      this.#items.get(key)?.item.remove();
      this.#items.delete(key);
    }
  }
}
