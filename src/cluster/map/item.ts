/** Items of a map that have been taken and not given out. */

/** What the source gave, and what became of it. */
export interface Item {
  readonly index: number;
  readonly value: unknown;
  /** As sent. */
  readonly text: string;
  state: 'pending' | 'fulfilled' | 'rejected';
  /** The result, or the reason. */
  outcome: unknown;
  /** Machines, or jobs, that were lost with it. */
  losses: number;
  /** Runs that have thrown. */
  throws: number;
  readonly chunk: Chunk;
}

/** Items that were taken together. */
export interface Chunk {
  /** Those that are sent. */
  readonly items: Item[];
  /** All that were taken: those that cannot be sent, too. */
  taken: number;
  /** Length of their texts. */
  length: number;
  /** Items not given out. */
  left: number;
}

export function newItem(index: number, value: unknown, text: string, chunk: Chunk): Item {
  return { index, value, text, state: 'pending', outcome: undefined, losses: 0, throws: 0, chunk };
}

/** The order in which items are given out. */
export class ItemQueue {
  readonly #ordered: boolean;
  #items: Item[] = [];
  #head = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Items that are not given out; without order, only settled ones. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The item that is to be given out next, once it is settled. */
  get next(): Item | undefined {
    const item = this.#items[this.#head];
    return item === undefined || item.state === 'pending' ? undefined : item;
  }

  taken(item: Item): void {
    if (this.#ordered) this.#items.push(item);
  }

  settled(item: Item): void {
    if (!this.#ordered) this.#items.push(item);
  }

  /** The next one has been given out. */
  advance(): void {
    this.#head++;
    if (this.#head < 1_024 || this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}

/** What `mapSettled` gives for it. */
export function settledResult({ state, index, value, outcome }: Item): object {
  return state === 'fulfilled'
    ? { status: 'fulfilled', index, item: value, value: outcome }
    : { status: 'rejected', index, item: value, reason: outcome };
}
