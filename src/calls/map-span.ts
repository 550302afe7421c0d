/**
 * Items that a map has taken from its source together, their outcomes, and the order in which these are
 * given.
 */

/** `refused`: the Balancer was closed before it ran. */
export const outcomeStates = { pending: 0, value: 1, error: 2, refused: 3 } as const;
export type OutcomeState = (typeof outcomeStates)[keyof typeof outcomeStates];

export class Span {
  /** Index of its first item. */
  readonly first: number;
  /** By offset from the first; as are the outcomes, each a value or an error. */
  readonly items: unknown[];
  readonly outcomes: unknown[];
  readonly states: OutcomeState[];
  /** Items in it. */
  length = 0;
  /** Bytes of items, and of outcomes. */
  itemBytes = 0;
  outcomeBytes = 0;
  /** Whether items are still added. */
  isOpen = true;
  /** Items without an outcome. */
  pending = 0;
  /** Outcomes that the caller has taken. */
  given = 0;

  /** @param size how many items there will be, at most */
  constructor(first: number, size: number) {
    this.first = first;
    // Made at once: arrays that grow are copied several times.
    this.items = new Array(size);
    this.outcomes = new Array(size);
    this.states = new Array(size).fill(outcomeStates.pending);
  }

  add(item: unknown, bytes: number): void {
    this.items[this.length++] = item;
    this.itemBytes += bytes;
    this.pending++;
  }

  settle(offset: number, state: OutcomeState, outcome: unknown): void {
    this.states[offset] = state;
    this.outcomes[offset] = outcome;
    this.pending--;
  }

  /** The outcome of an item, in the words of `Promise.allSettled`. */
  settledResult(offset: number): unknown {
    const index = this.first + offset;
    const item = this.items[offset];
    const outcome = this.outcomes[offset];
    return this.states[offset] === outcomeStates.value
      ? { status: 'fulfilled', index, item, value: outcome }
      : { status: 'rejected', index, item, reason: outcome };
  }

  /** The caller has taken the outcome of an item. */
  forget(offset: number): void {
    this.outcomes[offset] = undefined;
    this.items[offset] = undefined;
    this.given++;
  }

  /** All items have results, and nobody asks for the items. */
  dropItems(): void {
    this.items.fill(undefined);
    this.itemBytes = 0;
  }
}

/**
 * Gives outcomes one by one: where `hasNext` says so, `span` and `offset` are the next one's, and `advance`
 * goes on.
 */
export interface Outlet {
  readonly span: Span;
  readonly offset: number;
  opened(span: Span): void;
  settled(span: Span, offset: number): void;
  hasNext(): boolean;
  advance(): void;
  clear(): void;
}

/** Outcomes that have been given, before the list is made anew. */
const MOST_GIVEN = 4_096;

const NO_SPAN = new Span(0, 0);

/** In the order of the source. */
export class OrderedOutlet implements Outlet {
  span = NO_SPAN;
  offset = 0;
  /** In order, from `#next` on. */
  #spans: Span[] = [];
  #next = 0;

  opened(span: Span): void {
    this.#spans.push(span);
  }

  settled(): void {}

  hasNext(): boolean {
    while (this.offset === this.span.length) {
      if (this.span.isOpen && this.span !== NO_SPAN) return false;
      if (this.#next === this.#spans.length) return false;
      this.span = this.#spans[this.#next] as Span;
      this.offset = 0;
      this.#spans[this.#next++] = NO_SPAN;
      if (this.#next === this.#spans.length) {
        this.#spans = [];
        this.#next = 0;
      }
    }
    return this.span.states[this.offset] !== outcomeStates.pending;
  }

  advance(): void {
    this.offset++;
  }

  clear(): void {
    this.#spans = [];
    this.#next = 0;
    this.span = NO_SPAN;
    this.offset = 0;
  }
}

/** As they come. */
export class UnorderedOutlet implements Outlet {
  span = NO_SPAN;
  offset = 0;
  #spans: Span[] = [];
  #offsets: number[] = [];
  #next = 0;

  opened(): void {}

  settled(span: Span, offset: number): void {
    this.#spans.push(span);
    this.#offsets.push(offset);
  }

  hasNext(): boolean {
    if (this.#next === this.#spans.length) return false;
    this.span = this.#spans[this.#next] as Span;
    this.offset = this.#offsets[this.#next] as number;
    return true;
  }

  advance(): void {
    if (++this.#next === this.#spans.length) this.clear();
    else if (this.#next > MOST_GIVEN) {
      this.#spans.splice(0, this.#next);
      this.#offsets.splice(0, this.#next);
      this.#next = 0;
    }
  }

  clear(): void {
    this.#spans = [];
    this.#offsets = [];
    this.#next = 0;
    this.span = NO_SPAN;
  }
}
