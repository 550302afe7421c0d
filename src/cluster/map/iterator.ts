/** `map` and `mapSettled` of a Cluster: an iterable in, chunks to the machines, outcomes out, with backpressure. */
import { type FailedItem, markFailure } from '../../calls/map-failure.js';
import { type MapSource, mustBeResult } from '../../calls/map-source.js';
import type { OpenLoops } from '../../calls/open-loops.js';
import { NOTHING } from '../../calls/pull-iterator.js';
import { SourceIterator } from '../../calls/source-iterator.js';
import type { MapSettings } from '../../options/submit.js';
import type { ClusterRequest } from '../request.js';
import { type Chunk, ItemQueue, type Parcel, parcelsOf, settledResult } from './chunk.js';
import { ChunkSizes } from './chunk-sizes.js';
import { DelayedReruns } from './delayed-reruns.js';
import { Intake } from './intake.js';
import { isPromise } from './step.js';
import type { MapTarget, Settle } from './target.js';

export class ClusterMapIterator extends SourceIterator {
  readonly #target: MapTarget;
  /** Failures are outcomes, and end nothing. */
  readonly #settles: boolean;
  readonly #sizes: ChunkSizes;
  readonly #queue: ItemQueue;
  readonly #reruns: DelayedReruns;
  readonly #underWay = new Set<ClusterRequest>();
  /** Items to be sent again. */
  readonly #again: Parcel[] = [];
  readonly #intake: Intake;
  readonly #settler: Settle;
  /** Those that are not given out. */
  #items = 0;
  #awaitsSource = false;
  #failed: FailedItem | undefined;

  constructor(
    target: MapTarget,
    source: MapSource,
    settings: MapSettings,
    settles: boolean,
    loops: OpenLoops,
  ) {
    super(loops, source, settings.signal);
    this.#target = target;
    this.#settles = settles;
    this.#queue = new ItemQueue(settings.ordered);
    this.#sizes = new ChunkSizes(settings.batch, target.mostBytes, () => target.machines);
    this.#reruns = new DelayedReruns(settings.retry);
    this.#intake = new Intake(target, this.#sizes, {
      taken: (chunk, offset, count) => {
        this.#queue.taken(chunk, offset, count);
        this.#items += count;
      },
      refused: (chunk, offset, error) => {
        this.#settle(chunk, offset, 'rejected', error);
        // Nothing may be under way that would do so.
        this.#handOut();
      },
      full: (parcel) => this.#send(parcel),
    });
    this.#settler = {
      values: (chunk, values) => {
        if (this.state === 'ended') return;
        chunk.fulfilAll(values);
        this.#queue.settled(chunk, 0, chunk.size);
      },
      value: (chunk, offset, value) => this.#settle(chunk, offset, 'fulfilled', value),
      thrown: (chunk, offset, error) => this.#threw(chunk, offset, error),
      lost: (chunk, offsets, error) => this.#lost(chunk, offsets, error),
      ran: (count, ms, bytes) => this.#sizes.ran(count, ms, bytes),
      over: (request) => {
        this.#underWay.delete(request);
        if (this.state === 'ended') return;
        this.#handOut();
        this.#pull();
      },
      end: (error) => this.end({ error }),
    };
  }

  /** The item whose failure has ended the map, if one has. */
  get failed(): FailedItem | undefined {
    return this.#failed;
  }

  protected override get refusal(): Error | undefined {
    return this.#target.refusal;
  }

  protected override get closedMessage(): string {
    return 'the Cluster is closed and takes no more requests';
  }

  protected override poll(): unknown {
    const chunk = this.#queue.next;
    if (chunk === undefined) return NOTHING;
    if (!this.#settles && chunk.stateOf(this.#queue.offset) === 'rejected') return NOTHING;
    const value = this.#take(chunk);
    // Room for the next one.
    if (chunk.left === 0) this.#pull();
    return value;
  }

  protected override serve(): void {
    this.#handOut();
    this.#pull();
  }

  protected override clear(): Promise<unknown> | undefined {
    this.#queue.clear();
    this.#intake.clear();
    this.#again.length = 0;
    this.#reruns.clear();
    for (const request of this.#underWay) this.#target.withdraw(request);
    this.#underWay.clear();
    return this.closeSource(this.#awaitsSource);
  }

  /** Sends items that are to run again, then takes items from the source while there is room for them. */
  #pull(): void {
    while (this.state === 'running' && this.#again.length > 0 && this.#hasQueueRoom()) {
      this.#send(this.#again.shift() as Parcel);
    }
    while (this.#wantsMore() && this.#hasRoom()) {
      if (this.#intake.takeFrom(this.source)) continue;
      this.#awaitsSource = true;
      try {
        const step = this.source.next();
        if (isPromise(step)) {
          this.#resume(step);
          break;
        }
        this.#awaitsSource = false;
        this.#accept(step);
      } catch (error) {
        this.#awaitsSource = false;
        this.sourceFailed(error);
      }
    }
    // The next item may be long in coming: those that are there go where somebody may be idle.
    if (this.#awaitsSource && this.#underWay.size < this.#sizes.slots) this.#intake.flush();
  }

  #wantsMore(): boolean {
    return this.state === 'running' && !this.#awaitsSource && !this.source.isOver && !this.isFailing;
  }

  #hasRoom(): boolean {
    if (this.#intake.isOpen) return true;
    const open = { count: this.#items, delayed: this.#reruns.count, requests: this.#underWay.size };
    if (this.#intake.isFull(open) || !this.#hasQueueRoom()) return false;
    this.#intake.open(this.source.remaining);
    return true;
  }

  #hasQueueRoom(): boolean {
    return this.#target.hasRoom || this.#target.waitForRoom(() => this.#pull());
  }

  #resume(promise: Promise<IteratorResult<unknown>>): void {
    const failed = (error: unknown): void => {
      this.#awaitsSource = false;
      this.sourceFailed(error);
    };
    promise.then((step) => {
      this.#awaitsSource = false;
      try {
        this.#accept(step);
      } catch (error) {
        failed(error);
      }
      this.#pull();
    }, failed);
  }

  #accept(step: IteratorResult<unknown>): void {
    if (this.state === 'ended') return;
    mustBeResult(step);
    if (step.done === true) {
      this.source.end();
      this.#intake.flush();
      this.#handOut();
      return;
    }
    this.#intake.take(step.value);
  }

  #send(parcel: Parcel): void {
    this.#underWay.add(this.#target.send(parcel, this.#settler, this.#settles));
  }

  #settle(chunk: Chunk, offset: number, state: 'fulfilled' | 'rejected', outcome: unknown): void {
    if (this.state === 'ended' || chunk.stateOf(offset) !== 'pending') return;
    chunk.settle(offset, state, outcome);
    this.#reruns.settled(chunk, offset);
    if (state === 'rejected' && !this.#settles) this.isFailing = true;
    this.#queue.settled(chunk, offset, offset + 1);
  }

  /** The task has thrown: it runs again, if the rule says so. */
  #threw(chunk: Chunk, offset: number, error: unknown): void {
    if (this.state === 'ended' || chunk.stateOf(offset) !== 'pending') return;
    const run = (): void => {
      this.#again.push(...parcelsOf(chunk, [offset], 1));
      this.#pull();
    };
    try {
      if (!this.#reruns.afterError(chunk, offset, error, run)) this.#settle(chunk, offset, 'rejected', error);
    } catch (thrown) {
      this.end({ error: thrown });
    }
  }

  /** Nobody knows with which of them a machine was lost: they run in small parts now, the next time alone. */
  #lost(chunk: Chunk, offsets: readonly number[], makeError: (losses: number) => unknown): void {
    if (this.state === 'ended') return;
    const again: number[] = [];
    let isLast = false;
    for (const offset of offsets) {
      if (chunk.stateOf(offset) !== 'pending') continue;
      const losses = chunk.lost(offset);
      if (this.#target.mayRunAgain(losses)) again.push(offset);
      else this.#settle(chunk, offset, 'rejected', makeError(losses));
      if (!this.#target.mayRunAgain(losses + 1)) isLast = true;
    }
    this.#again.push(...parcelsOf(chunk, again, isLast ? 1 : Math.ceil(Math.sqrt(again.length))));
  }

  override sourceFailed(error: unknown): void {
    this.source.end();
    if (this.state === 'ended') return;
    this.sourceError = { error };
    this.#intake.flush();
    this.#handOut();
  }

  /** Gives outcomes to the calls of `next` that wait for them. */
  #handOut(): void {
    while (this.isAwaited) {
      const chunk = this.#queue.next;
      if (chunk === undefined) {
        if (this.source.isOver && this.#items === 0) this.end(this.sourceError);
        return;
      }
      const { offset } = this.#queue;
      if (chunk.stateOf(offset) === 'rejected' && !this.#settles) {
        this.#failed = { index: chunk.first + offset, item: chunk.values[offset] };
        const reason = chunk.outcomes[offset];
        markFailure(reason, this.#failed);
        this.end({ error: reason });
        return;
      }
      this.give(this.#take(chunk));
    }
  }

  #take(chunk: Chunk): unknown {
    const { offset } = this.#queue;
    const given = this.#settles ? settledResult(chunk, offset) : chunk.outcomes[offset];
    this.#queue.advance();
    this.#items--;
    this.#intake.given(chunk);
    return given;
  }
}
