/**
 * Sends the items of a map: as chunks where they can go together, else one by one. Items that come back are
 * sent again.
 */
import { byteSize } from '../values/byte-size.js';
import { type ItemRun, packItems } from '../values/packed-items.js';
import type { JobEvents } from './map-job.js';
import type { MapRequest, MapRequests } from './map-requests.js';
import type { MapReruns } from './map-reruns.js';
import type { ChunkSizes } from './map-sizes.js';
import { type OutcomeState, outcomeStates, type Span } from './map-span.js';

/** Items that are to be sent once more. */
interface Leftover {
  readonly span: Span;
  from: number;
  readonly to: number;
  /** Each in a request of its own. */
  readonly alone: boolean;
  /** They have been submitted, and have not been run. */
  readonly isSubmitted: boolean;
}

export class MapSender {
  readonly #requests: MapRequests;
  readonly #sizes: ChunkSizes;
  readonly #reruns: MapReruns;
  readonly #events: JobEvents;
  /** Requests under way, the oldest first. */
  readonly #underWay = new Set<MapRequest>();
  readonly #leftovers: Leftover[] = [];
  #isOver = false;

  constructor(requests: MapRequests, sizes: ChunkSizes, reruns: MapReruns, events: JobEvents) {
    this.#requests = requests;
    this.#sizes = sizes;
    this.#reruns = reruns;
    this.#events = events;
  }

  /** How many requests are under way. */
  get underWay(): number {
    return this.#underWay.size;
  }

  get hasLeftovers(): boolean {
    return this.#leftovers.length > 0;
  }

  /** Sends items of a span, from one offset up to another. @param isSubmitted see `keep` */
  send(span: Span, from: number, to: number, isSubmitted = false): void {
    let next = from;
    while (next < to && !this.#isOver) {
      const run = to - next === 1 ? undefined : this.#pack(span, next, to);
      if (run === undefined) this.#sendAlone(span, next++, isSubmitted);
      else {
        this.#sendRun(span, next, run, isSubmitted);
        next += run.count;
      }
    }
  }

  /**
   * Keeps items that are to be sent when there is room.
   * @param isSubmitted they count as submitted: they have come back from a request without being run
   */
  keep(span: Span, from: number, to: number, alone: boolean, isSubmitted: boolean): void {
    if (!this.#isOver) this.#leftovers.push({ span, from, to, alone, isSubmitted });
    else if (isSubmitted) this.#requests.dropped(to - from);
  }

  /** Sends some of the items that are kept. */
  sendLeftover(): void {
    const left = this.#leftovers[0] as Leftover;
    const { span, from, to, alone, isSubmitted } = left;
    const size = alone ? 1 : this.#sizes.next(undefined);
    let end = from;
    while (end < to && end - from < size && span.states[end] === outcomeStates.pending) end++;
    left.from = Math.max(end, from + 1);
    if (left.from >= to) this.#leftovers.shift();
    if (end > from) this.send(span, from, end, isSubmitted);
  }

  /** No outcome is wanted any more. */
  withdrawAll(): void {
    this.#isOver = true;
    for (const { from, to, isSubmitted } of this.#leftovers.splice(0))
      if (isSubmitted) this.#requests.dropped(to - from);
    // The youngest first: each is then the last of its window, and no other has to move.
    for (const request of [...this.#underWay].reverse()) request.withdraw();
    this.#underWay.clear();
  }

  #pack(span: Span, from: number, to: number): ItemRun | undefined {
    const bytes = (span.itemBytes * (to - from)) / span.length;
    const { memories } = this.#requests;
    const run = packItems(span.items, from, to, bytes, memories);
    if (run?.count !== 1) return run;
    // It travels alone, too.
    memories.giveBack(run.memory);
    return undefined;
  }

  #sendRun(span: Span, from: number, run: ItemRun, isSubmitted: boolean): void {
    // The request before it may have taken the last room in the queue. Making space may end the map.
    if (!this.#requests.makeSpace() || this.#isOver) {
      this.keep(span, from, from + run.count, false, isSubmitted);
      return;
    }
    if (isSubmitted) this.#requests.submittedAgain(run.count);
    const request = this.#requests.submitChunk(span, from, run, this.#sizes, this.#events, isSubmitted);
    this.#underWay.add(request);
    void request.promise.then(() => {
      this.#underWay.delete(request);
      this.#events.changed();
    });
  }

  #sendAlone(span: Span, offset: number, isSubmitted: boolean): void {
    if (!this.#requests.makeSpace() || this.#isOver) {
      this.keep(span, offset, offset + 1, true, isSubmitted);
      return;
    }
    if (isSubmitted) this.#requests.submittedAgain(1);
    const kills = this.#reruns.killsOf(span.first + offset);
    const request = this.#requests.submit(span.items[offset], kills, isSubmitted);
    this.#underWay.add(request);
    const settled = (state: OutcomeState, outcome: unknown): void => {
      span.outcomeBytes += byteSize(outcome);
      this.#underWay.delete(request);
      this.#events.settled(span, offset, state, outcome);
      this.#events.changed();
    };
    request.promise.then(
      (value) => settled(outcomeStates.value, value),
      (error) => settled(outcomeStates.error, error),
    );
  }
}
