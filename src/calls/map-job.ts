/** A chunk of a map on its way: some items of one span, and their outcomes as they come. */
import { completeLater } from '../errors/async-stack.js';
import { decodeFailure } from '../errors/failure.js';
import { showOrigin } from '../errors/origin.js';
import { withoutOwnFrames } from '../errors/own-frame.js';
import type { RequestOutcome } from '../ledger/outcome.js';
import type { OutcomeMessage } from '../protocol/messages.js';
import { Chunk, type ChunkOwner } from '../requests/chunk.js';
import type { TaskRef } from '../tasks/registry.js';
import { byteSize } from '../values/byte-size.js';
import { BY_MESSAGE, OutcomeReader } from '../values/outcomes.js';
import type { ItemRun } from '../values/packed-items.js';
import { notReadable } from '../worker/unreadable-messages.js';
import { type OutcomeState, outcomeStates, type Span } from './map-span.js';

/** The map that it belongs to. */
export interface JobEvents {
  /** An item has an outcome. */
  settled(span: Span, offset: number, state: OutcomeState, outcome: unknown): void;
  /** An item was running when its thread died. @returns whether it runs again */
  crashed(span: Span, offset: number, error: Error): boolean;
  /** Items that were submitted and not run are to be run; `alone`: each in a request of its own. */
  left(span: Span, from: number, to: number, alone: boolean): void;
  /** Some of the above have been called. */
  changed(): void;
}

export class MapJob implements ChunkOwner {
  readonly chunk: Chunk;
  readonly #span: Span;
  readonly #from: number;
  readonly #to: number;
  readonly #events: JobEvents;
  readonly #task: TaskRef;
  readonly #reader: OutcomeReader;
  /** Where `submit` was called, when that is recorded. */
  place: Error | undefined;
  #isDissolved = false;
  /**
   * Each item has its outcome, or has been left. Where its caller wants no more, the thread may still be
   * running it.
   */
  #isOver = false;
  /**
   * Items that have failed without the thread's saying so, by index: whatever it still says does not count.
   */
  #failed: Set<number> | undefined;

  constructor(
    span: Span,
    from: number,
    { items, count, bytes, memory }: ItemRun,
    limit: number,
    task: TaskRef,
    events: JobEvents,
  ) {
    this.#task = task;
    this.#span = span;
    this.#from = from;
    this.#to = from + count;
    this.#events = events;
    const { shared, outcomesEnd, views } = memory;
    // Somebody may want to know how long each item takes.
    const times = task.ledger.isObserved ? new SharedArrayBuffer(4 * count) : undefined;
    const most = Number.POSITIVE_INFINITY;
    this.chunk = new Chunk({ count, items, memory: shared, outcomesEnd, limit, most, times }, bytes, this);
    this.#reader = new OutcomeReader(views);
  }

  /** Bytes of the outcomes that have been read. */
  get outcomeBytes(): number {
    return this.#reader.bytes;
  }

  /** It is over: what has no outcome is left. */
  finish(): void {
    this.#collect(true);
    this.#isOver = true;
    let from = this.#from + this.#reader.count;
    for (let offset = from; offset < this.#to; offset++) {
      if (this.#failed?.has(offset - this.#from) !== true) continue;
      this.#leave(from, offset);
      from = offset + 1;
    }
    this.#leave(from, this.#to);
  }

  #leave(from: number, to: number): void {
    if (from < to) this.#events.left(this.#span, from, to, this.#isDissolved);
  }

  /** It was refused, or has ended, as a whole. */
  fail(error: unknown): void {
    this.#collect(true);
    this.#isOver = true;
    for (let offset = this.#from + this.#reader.count; offset < this.#to; offset++) {
      if (this.#failed?.has(offset - this.#from) === true) continue;
      this.#enter(this.chunk.outcome);
      this.#events.settled(this.#span, offset, outcomeStates.error, error);
    }
  }

  failed(index: number, error: Error, why: 'crash' | 'timeout'): boolean {
    if (this.#isOver) return false;
    this.#collect(why === 'crash');
    this.#failed ??= new Set();
    this.#failed.add(index);
    const offset = this.#from + index;
    let runsAgain = false;
    if (why === 'crash') {
      runsAgain = this.#events.crashed(this.#span, offset, error);
      if (!runsAgain) this.#enter('crashed');
    } else {
      this.#enter('timed-out-running');
      completeLater(error, this.place);
      this.#events.settled(this.#span, offset, outcomeStates.error, error);
      this.#events.changed();
    }
    return runsAgain;
  }

  progressed(count: number): void {
    if (this.#isOver) return;
    this.#collect(false, count);
    this.#events.changed();
  }

  /** Enters the outcome of one item in the books. */
  #enter(outcome: RequestOutcome): void {
    const { account, ledger } = this.#task;
    account.outcomes[outcome]++;
    if (outcome === 'refused') ledger.refusals[this.chunk.refusal]++;
    this.chunk.entered++;
  }

  dissolved(): void {
    this.#isDissolved = true;
  }

  /**
   * Takes the outcomes that have been published.
   * @param isOver all messages have been received; else one that an outcome came by may still be on its way
   * @param most of the first so many items
   */
  #collect(isOver: boolean, most = Number.POSITIVE_INFINITY): void {
    const reader = this.#reader;
    const span = this.#span;
    const published = Math.min(reader.published, most);
    while (reader.count < published) {
      if (!isOver && reader.isNextByMessage && !this.chunk.has(reader.count)) break;
      const offset = this.#from + reader.count;
      const before = reader.bytes;
      const value = reader.next();
      span.outcomeBytes += reader.bytes - before;
      if (this.#failed?.has(offset - this.#from) === true) {
        this.chunk.take(offset - this.#from);
        continue;
      }
      if (value !== BY_MESSAGE) {
        this.#enter('fulfilled');
        this.#events.settled(span, offset, outcomeStates.value, value);
      } else this.#collectMessage(offset, this.chunk.take(reader.count - 1));
    }
  }

  #collectMessage(offset: number, message: OutcomeMessage | undefined): void {
    const span = this.#span;
    if (message?.failure === undefined && message !== undefined) {
      const bytes = byteSize(message.value);
      span.outcomeBytes += bytes;
      this.chunk.takenBytes += bytes;
      this.#enter('fulfilled');
      this.#events.settled(span, offset, outcomeStates.value, message.value);
      return;
    }
    const error =
      message?.failure === undefined
        ? withoutOwnFrames(notReadable('the result', undefined))
        : showOrigin(decodeFailure(message.failure), this.#task.name, this.#task.place);
    completeLater(error, this.place);
    this.#enter('failed');
    this.#events.settled(span, offset, outcomeStates.error, error);
  }
}
