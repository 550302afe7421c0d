/** `map` and `mapSettled`: an iterable in, outcomes out, with backpressure. */

import type { MapSettings } from '../options/submit.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';
import { MapBudget, type MapLimits } from './map-budget.js';
import { type FailedItem, markFailure } from './map-failure.js';
import { type IntakeEvents, MapIntake } from './map-intake.js';
import type { JobEvents } from './map-job.js';
import type { MapRequests } from './map-requests.js';
import { MapReruns } from './map-reruns.js';
import { RetryRule } from './map-retry.js';
import { MapSender } from './map-sender.js';
import { ChunkSizes } from './map-sizes.js';
import type { MapSource } from './map-source.js';
import {
  OrderedOutlet,
  type OutcomeState,
  type Outlet,
  outcomeStates,
  type Span,
  UnorderedOutlet,
} from './map-span.js';
import type { OpenLoops } from './open-loops.js';
import { NOTHING } from './pull-iterator.js';
import { SourceIterator } from './source-iterator.js';

/**
 * Items that may be under way while some of them wait to run again, if their bytes are not too many. Two
 * workers run so many, of 20 µs each, in 650 ms: more than the first delays by default.
 */
const MOST_DURING_DELAY = 65_536;
/** So many may wait to run again before others are held back, however few of a slow task may be under way. */
const FEW_DELAYED = 256;
/** How long a source may take for its next item, or its end, once the Balancer is closed, in ms. */
const MOST_SOURCE_MS = 1_000;

/** See `Balancer.map` and `Balancer.mapSettled`. */
export class MapIterator extends SourceIterator implements JobEvents, IntakeEvents {
  readonly #requests: MapRequests;
  /** Failures are outcomes, and end nothing. */
  readonly #settles: boolean;
  readonly #budget: MapBudget;
  readonly #outlet: Outlet;
  readonly #reruns: MapReruns;
  readonly #sender: MapSender;
  readonly #intake: MapIntake;
  #failed: FailedItem | undefined;
  /** The first item that the closed Balancer has not run, and how many there are. */
  #firstRefused: { readonly span: Span; readonly offset: number } | undefined;
  #refusals = 0;
  /** The Balancer has ended. */
  #isClosed = false;
  /** Set while a source is waited for after that. */
  #patience: NodeJS.Timeout | undefined;

  constructor(
    requests: MapRequests,
    source: MapSource,
    settings: MapSettings,
    settles: boolean,
    loops: OpenLoops,
  ) {
    super(loops, source, settings.signal);
    this.#requests = requests;
    this.#settles = settles;
    const { retry } = settings;
    const batch = requests.allowsChunks ? settings.batch : 1;
    const sizes = new ChunkSizes(batch, requests.task, () => requests.workers);
    this.#budget = new MapBudget(() => this.#limits());
    this.#outlet = settings.ordered ? new OrderedOutlet() : new UnorderedOutlet();
    this.#reruns = new MapReruns(requests, retry && new RetryRule(retry, Math.random));
    this.#sender = new MapSender(requests, sizes, this.#reruns, this);
    this.#intake = new MapIntake(requests, source, sizes, this.#budget, this.#sender, this);
  }

  /** The item whose failure has ended the map, if one has. */
  get failed(): FailedItem | undefined {
    return this.#failed;
  }

  /**
   * While a few items wait to run again, others run: neither they nor outcomes that must wait for them count
   * then. Many wait where all fail: to take more would not help.
   */
  #limits(): MapLimits {
    const { size } = this.#intake;
    const limits = this.#requests.limits(size);
    const { waiting } = this.#reruns;
    if (waiting === 0 || waiting >= Math.max(limits.most, FEW_DELAYED)) return limits;
    const room = Math.max(0, limits.most - size * this.#sender.underWay);
    const most = Math.min(this.#budget.count + room, MOST_DURING_DELAY);
    return { ...limits, most: Math.max(limits.most, most) };
  }

  protected override poll(): unknown {
    if (!this.#outlet.hasNext()) return NOTHING;
    const { span, offset } = this.#outlet;
    if (this.#isEnd(span, offset)) return NOTHING;
    const value = this.#takeNext();
    if (span.given === span.length) this.#intake.pull();
    return value;
  }

  protected override serve(): void {
    this.#handOut();
    this.#intake.pull();
    this.#watchSource();
  }

  opened(span: Span): void {
    this.#outlet.opened(span);
  }

  sourceEnded(): void {
    this.#handOut();
  }

  settled(span: Span, offset: number, state: OutcomeState, outcome: unknown): void {
    if (this.state === 'ended' || span.states[offset] !== outcomeStates.pending) return;
    if (state === outcomeStates.error) {
      if (this.#requests.isEnd(outcome)) {
        this.#refused(span, offset, outcome);
        return;
      }
      if (this.#goesOn(span, offset, outcome)) return;
    }
    this.#settle(span, offset, state, outcome);
  }

  #settle(span: Span, offset: number, state: OutcomeState, outcome: unknown): void {
    if (this.#reruns.hasTroubles) this.#reruns.settled(span.first + offset);
    span.settle(offset, state, outcome);
    this.#outlet.settled(span, offset);
    if (span.pending > 0) return;
    this.#budget.grow(span.outcomeBytes);
    if (this.#settles || this.isFailing) return;
    this.#budget.grow(-span.itemBytes);
    span.dropItems();
  }

  /** An item has failed. Returns whether that is not its outcome: it runs again, or the map has ended. */
  #goesOn(span: Span, offset: number, error: unknown): boolean {
    const run = (): void => {
      this.#sender.keep(span, offset, offset + 1, true, false);
      this.#intake.pull();
    };
    try {
      if (this.#reruns.afterError(span.first + offset, error, span.items[offset], run)) return true;
    } catch (thrown) {
      this.end({ error: thrown });
      return true;
    }
    if (!this.#settles) {
      this.isFailing = true;
      this.#intake.stop();
    }
    return false;
  }

  /**
   * The Balancer is closed and does not run that item. Those that it had taken before are finished, and their
   * outcomes come first. One that was to run again has failed with what it had failed with.
   */
  #refused(span: Span, offset: number, error: unknown): void {
    const failure = this.#reruns.failureOf(span.first + offset);
    if (failure === undefined || !this.#settles) {
      this.isFailing = true;
      this.#intake.stop();
    }
    if (failure !== undefined) this.#settle(span, offset, outcomeStates.error, failure.error);
    else {
      span.settle(offset, outcomeStates.refused, error);
      this.#firstRefused ??= { span, offset };
      this.#refusals++;
    }
    this.#reruns.hasten();
  }

  crashed(span: Span, offset: number, error: Error): boolean {
    if (this.#reruns.afterCrash(span.first + offset, error)) {
      this.left(span, offset, offset + 1, true);
      return true;
    }
    this.settled(span, offset, outcomeStates.error, error);
    return false;
  }

  left(span: Span, from: number, to: number, alone: boolean): void {
    this.#sender.keep(span, from, to, alone, true);
  }

  changed(): void {
    if (this.state === 'ended') return;
    this.#handOut();
    this.#intake.pull();
  }

  override sourceFailed(error: unknown): void {
    this.sourceError = { error };
    this.#intake.flush();
    this.#handOut();
  }

  /** Gives outcomes to the calls of `next` that wait for them. */
  #handOut(): void {
    while (this.isAwaited) {
      if (!this.#outlet.hasNext()) {
        const refused = this.#firstRefused;
        if (refused !== undefined && this.#budget.count === this.#refusals)
          this.#fail(refused.span, refused.offset);
        else if (this.source.isOver && this.#budget.isUnused) this.end(this.sourceError);
        return;
      }
      const { span, offset } = this.#outlet;
      if (this.#isEnd(span, offset)) {
        this.#fail(span, offset);
        return;
      }
      this.give(this.#takeNext());
    }
  }

  /** Takes the next outcome, which is there. */
  #takeNext(): unknown {
    const { span, offset } = this.#outlet;
    const given = this.#settles ? span.settledResult(offset) : span.outcomes[offset];
    span.forget(offset);
    this.#outlet.advance();
    this.#budget.leave(span.given === span.length && !span.isOpen ? span.itemBytes + span.outcomeBytes : 0);
    return given;
  }

  /** Whether this outcome is none to be given, but the end of the map. */
  #isEnd(span: Span, offset: number): boolean {
    const state = span.states[offset];
    return state === outcomeStates.refused || (state === outcomeStates.error && !this.#settles);
  }

  #fail(span: Span, offset: number): void {
    const error = span.outcomes[offset];
    if (!this.#settles) {
      this.#failed = { index: span.first + offset, item: span.items[offset] };
      markFailure(error, this.#failed);
    }
    if (span.states[offset] === outcomeStates.refused) this.endNow({ error });
    else this.end({ error });
  }

  override closed(): void {
    this.#isClosed = true;
    this.#reruns.hasten();
    this.#watchSource();
  }

  /** Once the Balancer is closed, a source that gives nothing is waited for no longer than that. */
  #watchSource(): void {
    if (!this.#isClosed || this.state !== 'running' || !this.#intake.awaitsSource) return;
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      if (this.#intake.awaitsSource) this.shut();
    }, MOST_SOURCE_MS);
  }

  /** Withdraws what has not started, and closes the source. */
  protected override clear(): Promise<unknown> | undefined {
    clearTimeout(this.#patience);
    this.#outlet.clear();
    this.#intake.end();
    this.#reruns.clear();
    this.#sender.withdrawAll();
    this.#requests.ended();
    return this.closeSource(this.#intake.awaitsSource);
  }
}
