/**
 * The books of a Balancer: how many requests were submitted, what became of each, and who is told.
 *
 * An item of a `map` counts as a request, whatever it travels in. At all times
 *
 *     submitted = queued + running + the sum of all outcomes
 */
import type { Carrier } from '../protocol/messages.js';
import { ChannelObserver, requestsAreHeard } from './channels.js';
import type { ObservedRequest, Observer, Thrown } from './observer.js';
import { Observers } from './observers.js';
import { noOutcomes, REQUEST_OUTCOMES, type Refusal, type RequestOutcome } from './outcome.js';
import type { Recorders } from './recorder.js';

export class Ledger {
  /** Requests submitted, refused ones included. */
  submitted = 0;
  readonly outcomes = noOutcomes();
  readonly refusals: { [Why in Refusal]: number } = { 'queue-full': 0, 'no-worker': 0, closed: 0 };
  /** Name of the Balancer. */
  readonly name: string;
  /**
   * Who is told what happens to requests; `undefined`: nobody. That and `recorders` are all that is looked at
   * where nobody listens.
   */
  observer: Observer | undefined;
  /** Counts what becomes of requests, by task; `undefined`: nobody wants to know. */
  recorders: Recorders | undefined = undefined;
  /** Gives what is to travel with the request that is being submitted; `undefined`: nobody wants that. */
  capture: (() => Carrier | undefined) | undefined;
  /** Is told of rare events always, and of requests while somebody listens to their channels. */
  readonly #channels: ChannelObserver;
  #channelsAreOn = false;
  readonly #observers: Observer[] = [];

  /**
   * @param name of the Balancer
   * @param call calls code of the program in the middle of our own work
   */
  constructor(name = 'leastwork', call: (callback: () => void) => void = (callback) => callback()) {
    this.name = name;
    this.#channels = new ChannelObserver(name, call);
  }

  /**
   * To be asked when a request is submitted: whether it is observed. Channels get their first listener at any
   * time.
   */
  get isObserved(): boolean {
    if (requestsAreHeard() !== this.#channelsAreOn) this.#switchChannels();
    return this.observer !== undefined || this.recorders !== undefined;
  }

  /** Who is told of rare events: workers, a full queue. */
  get forRareEvents(): Observer {
    if (this.observer === undefined) return this.#channels;
    return this.#channelsAreOn ? this.observer : new Observers([this.#channels, this.observer]);
  }

  /** The sum of all outcomes. */
  get settled(): number {
    let sum = 0;
    for (const outcome of REQUEST_OUTCOMES) sum += this.outcomes[outcome];
    return sum;
  }

  /** Tells one more observer from now on. @returns ends that */
  observe(observer: Observer): () => void {
    this.#observers.push(observer);
    this.#choose();
    return () => {
      const at = this.#observers.indexOf(observer);
      if (at < 0) return;
      this.#observers.splice(at, 1);
      this.#choose();
    };
  }

  /** Tells what became of a request. `thrown`: what its caller gets instead of a result. */
  reportSettled(request: ObservedRequest, outcome: RequestOutcome, thrown: Thrown | undefined): void {
    if (this.recorders !== undefined) this.recorders.of(request.task).outcomes[outcome]++;
    this.observer?.settled(request, outcome, thrown);
  }

  #switchChannels(): void {
    // Requests whose start was published get their end.
    if (this.#channelsAreOn && this.#channels.isWaiting) return;
    this.#channelsAreOn = !this.#channelsAreOn;
    this.#choose();
  }

  #choose(): void {
    const all = this.#channelsAreOn ? [this.#channels, ...this.#observers] : [...this.#observers];
    this.observer = all.length > 1 ? new Observers(all) : all[0];
  }
}
