/**
 * `map` and `mapSettled` of a Cluster: an iterable in, chunks to the machines, outcomes out, with
 * backpressure.
 */
import { type FailedItem, markFailure } from '../../calls/map-failure.js';
import type { MapSource } from '../../calls/map-source.js';
import type { OpenLoops } from '../../calls/open-loops.js';
import { PullIterator, type Step } from '../../calls/pull-iterator.js';
import { BalancerClosedError } from '../../errors/errors.js';
import type { MapSettings } from '../../options/submit.js';
import { listenToAbort, unlistenToAbort } from '../../requests/abort-listeners.js';
import type { ClusterRequest } from '../request.js';
import { ChunkSizes } from './chunk-sizes.js';
import { DelayedReruns } from './delayed-reruns.js';
import { Intake } from './intake.js';
import { type Item, ItemQueue, settledResult } from './item.js';
import { isPromise } from './step.js';
import type { MapTarget, Settle } from './target.js';

export class ClusterMapIterator extends PullIterator {
  readonly #target: MapTarget;
  readonly #source: MapSource;
  /** Failures are outcomes, and end nothing. */
  readonly #settles: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #sizes: ChunkSizes;
  readonly #queue: ItemQueue;
  readonly #reruns: DelayedReruns;
  readonly #underWay = new Set<ClusterRequest>();
  /** Items to be sent alone. */
  readonly #again: Item[] = [];
  readonly #intake: Intake;
  /** Those that are not given out. */
  #items = 0;
  #awaitsSource = false;
  #sourceError: { readonly error: unknown } | undefined;
  #failing = false;
  #failed: FailedItem | undefined;
  #closed: Promise<unknown> | undefined;

  constructor(
    target: MapTarget,
    source: MapSource,
    settings: MapSettings,
    settles: boolean,
    loops: OpenLoops,
  ) {
    super(loops);
    this.#target = target;
    this.#source = source;
    this.#settles = settles;
    this.#signal = settings.signal;
    this.#queue = new ItemQueue(settings.ordered);
    this.#sizes = new ChunkSizes(settings.batch, target.mostBytes, () => target.machines);
    this.#reruns = new DelayedReruns(settings.retry);
    this.#intake = new Intake(target, this.#sizes, {
      taken: (item) => {
        this.#queue.taken(item);
        this.#items++;
      },
      refused: (item, error) => this.#settle(item, 'rejected', error),
      full: (items) => this.#send(items),
    });
  }

  /** The item whose failure has ended the map, if one has. */
  get failed(): FailedItem | undefined {
    return this.#failed;
  }

  protected override begin(): void {
    if (this.#signal?.aborted === true) {
      this.end({ error: this.#signal.reason });
      return;
    }
    const { refusal } = this.#target;
    if (refusal !== undefined) {
      this.end({ error: refusal });
      return;
    }
    if (this.#signal !== undefined) listenToAbort(this.#signal, this.#onAbort);
    try {
      this.#source.open();
    } catch (error) {
      this.end({ error });
    }
  }

  protected override poll(): Step | undefined {
    const item = this.#queue.next;
    if (item === undefined || (item.state === 'rejected' && !this.#settles)) return undefined;
    const value = this.#take(item);
    this.#pull();
    return { done: false, value };
  }

  protected override serve(): void {
    this.#handOut();
    this.#pull();
  }

  protected override async leave(): Promise<void> {
    const wasEnded = this.state === 'ended';
    this.end();
    try {
      await this.#closed;
    } catch (error) {
      if (!wasEnded) throw error;
    }
  }

  /** No item is taken any more: outcomes of earlier items are given, and then the error. */
  override shut(): void {
    if (this.state !== 'running' || this.#source.isOver || this.#failing) return;
    void this.#source.close();
    this.#sourceFailed(new BalancerClosedError('the Cluster is closed and takes no more requests'));
  }

  protected override clear(): Promise<unknown> | undefined {
    if (this.#signal !== undefined) unlistenToAbort(this.#signal, this.#onAbort);
    this.#queue.clear();
    this.#intake.clear();
    this.#again.length = 0;
    this.#reruns.clear();
    for (const request of this.#underWay) this.#target.withdraw(request);
    this.#underWay.clear();
    const closed = this.#source.close();
    // A source that has just been asked for an item may take forever.
    this.#closed = this.#awaitsSource ? undefined : closed;
    return this.#closed;
  }

  readonly #onAbort = (): void => this.end({ error: this.#signal?.reason });

  /** Sends items that are to run again, then takes items from the source while there is room for them. */
  #pull(): void {
    while (this.state === 'running' && this.#again.length > 0 && this.#hasQueueRoom()) {
      const item = this.#again.shift() as Item;
      this.#send([item]);
    }
    while (this.#wantsMore() && this.#hasRoom()) {
      this.#awaitsSource = true;
      try {
        const step = this.#source.next();
        if (isPromise(step)) {
          this.#resume(step);
          break;
        }
        this.#awaitsSource = false;
        this.#accept(step);
      } catch (error) {
        this.#awaitsSource = false;
        this.#sourceFailed(error);
      }
    }
    // The next item may be long in coming: those that are there go where somebody may be idle.
    if (this.#awaitsSource && this.#underWay.size < this.#sizes.slots) this.#intake.flush();
  }

  #wantsMore(): boolean {
    return this.state === 'running' && !this.#awaitsSource && !this.#source.isOver && !this.#failing;
  }

  #hasRoom(): boolean {
    if (this.#intake.isOpen) return true;
    if (this.#intake.isFull || !this.#hasQueueRoom()) return false;
    this.#intake.open(this.#source.remaining);
    return true;
  }

  #hasQueueRoom(): boolean {
    return this.#target.hasRoom || this.#target.waitForRoom(() => this.#pull());
  }

  #resume(promise: Promise<IteratorResult<unknown>>): void {
    const failed = (error: unknown): void => {
      this.#awaitsSource = false;
      this.#sourceFailed(error);
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
    if (step.done === true) {
      this.#source.end();
      this.#intake.flush();
      this.#handOut();
      return;
    }
    this.#intake.take(step.value);
  }

  #send(items: readonly Item[]): void {
    const settle: Settle = {
      value: (item, value) => this.#settle(item, 'fulfilled', value),
      thrown: (item, error) => this.#threw(item, error),
      lost: (item, error) => this.#lost(item, error),
      ran: (count, ms, bytes) => this.#sizes.ran(count, ms, bytes),
      over: (of) => {
        this.#underWay.delete(of);
        if (this.state === 'ended') return;
        this.#handOut();
        this.#pull();
      },
      end: (error) => this.end({ error }),
    };
    const request = this.#target.send(items, settle, this.#settles);
    this.#underWay.add(request);
  }

  #settle(item: Item, state: 'fulfilled' | 'rejected', outcome: unknown): void {
    if (this.state === 'ended' || item.state !== 'pending') return;
    item.state = state;
    item.outcome = outcome;
    if (state === 'rejected' && !this.#settles) this.#failing = true;
    this.#queue.settled(item);
  }

  /** The task has thrown: it runs again, if the rule says so. */
  #threw(item: Item, error: unknown): void {
    if (this.state === 'ended' || item.state !== 'pending') return;
    const run = (): void => {
      this.#again.push(item);
      this.#pull();
    };
    try {
      if (!this.#reruns.afterError(item, error, run)) this.#settle(item, 'rejected', error);
    } catch (thrown) {
      this.end({ error: thrown });
    }
  }

  /** Its machine was lost, or its job. In a chunk nobody knows with which item: so each runs alone now. */
  #lost(item: Item, error: unknown): void {
    if (this.state === 'ended' || item.state !== 'pending') return;
    item.losses++;
    if (this.#target.mayRunAgain(item.losses)) this.#again.push(item);
    else this.#settle(item, 'rejected', error);
  }

  #sourceFailed(error: unknown): void {
    this.#source.end();
    if (this.state === 'ended') return;
    this.#sourceError = { error };
    this.#intake.flush();
    this.#handOut();
  }

  /** Gives outcomes to the calls of `next` that wait for them. */
  #handOut(): void {
    while (this.isAwaited) {
      const item = this.#queue.next;
      if (item === undefined) {
        if (this.#source.isOver && this.#items === 0) this.end(this.#sourceError);
        return;
      }
      if (item.state === 'rejected' && !this.#settles) {
        this.#failed = { index: item.index, item: item.value };
        markFailure(item.outcome, this.#failed);
        this.end({ error: item.outcome });
        return;
      }
      this.give(this.#take(item));
    }
  }

  #take(item: Item): unknown {
    this.#queue.advance();
    this.#items--;
    this.#intake.given(item);
    return this.#settles ? settledResult(item) : item.outcome;
  }
}
