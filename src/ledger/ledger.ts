/**
 * The books of a Balancer: how many requests were submitted, what became of each, and who is told.
 *
 * An item of a `map` counts as a request, whatever it travels in. At all times
 *
 *     submitted = queued + running + the sum of all outcomes
 */
import type { Carrier } from '../protocol/messages.js';
import { Account } from './account.js';
import { ChannelObserver, requestsAreHeard } from './channels.js';
import type { Observer } from './observer.js';
import { Observers } from './observers.js';
import { noOutcomes, type OutcomeCounts, REQUEST_OUTCOMES, type Refusal } from './outcome.js';
import type { Recorders } from './recorder.js';

/** Tasks that are told apart by name; the others are counted together, as `(other)`. */
const MOST_TASKS = 200;
const OTHER = '(other)';

export class Ledger {
  /** Requests submitted, refused ones included. */
  submitted = 0;
  /** For requests that were refused before anybody looked at their task. */
  readonly unknown = new Account();
  readonly refusals: { [Why in Refusal]: number } = { 'queue-full': 0, 'no-worker': 0, closed: 0 };
  /** Name of the Balancer. */
  readonly name: string;
  /**
   * Who is told what happens to requests; `undefined`: nobody. That and the recorder of a task are all that is
   * looked at where nobody listens.
   */
  observer: Observer | undefined;
  /** Gives what is to travel with the request that is being submitted; `undefined`: nobody wants that. */
  capture: (() => Carrier | undefined) | undefined;
  /** Calls code of the program, from the middle of our own work. */
  readonly call: (callback: () => void) => void;
  /** Is told of rare events always, and of requests while somebody listens to their channels. */
  readonly #channels: ChannelObserver;
  #channelsAreOn = false;
  readonly #observers: Observer[] = [];
  /** By the task's name. */
  readonly #accounts = new Map<string, Account>();
  #recorders: Recorders | undefined;

  /**
   * @param name of the Balancer
   * @param call calls code of the program in the middle of our own work
   */
  constructor(name = 'leastwork', call: (callback: () => void) => void = (callback) => callback()) {
    this.name = name;
    this.call = call;
    this.#channels = new ChannelObserver(name, call);
  }

  /**
   * To be asked when a request is submitted: whether it is observed. Channels get their first listener at any
   * time.
   */
  get isObserved(): boolean {
    if (requestsAreHeard() !== this.#channelsAreOn) this.#switchChannels();
    return this.observer !== undefined || this.#recorders !== undefined;
  }

  /** Who is told of rare events: workers, a full queue. */
  get forRareEvents(): Observer {
    if (this.observer === undefined) return this.#channels;
    return this.#channelsAreOn ? this.observer : new Observers([this.#channels, this.observer]);
  }

  /** What became of requests of all tasks together. O(tasks). */
  get outcomes(): OutcomeCounts {
    const sums = noOutcomes();
    for (const outcome of REQUEST_OUTCOMES) {
      sums[outcome] = this.unknown.outcomes[outcome];
      for (const { outcomes } of this.#accounts.values()) sums[outcome] += outcomes[outcome];
    }
    return sums;
  }

  /** The account of a task. All tasks of a name have one, and so have all that come after the first 200. */
  accountOf(name: string): Account {
    const key = this.#accounts.has(name) || this.#accounts.size < MOST_TASKS ? name : OTHER;
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = new Account();
      account.recorder = this.#recorders?.recorderOf(key, account.outcomes);
      this.#accounts.set(key, account);
    }
    return account;
  }

  /** From now on these count times and bytes of each task; `undefined`: nothing does. */
  record(recorders: Recorders | undefined): void {
    this.#recorders = recorders;
    for (const [name, account] of this.#accounts)
      account.recorder = recorders?.recorderOf(name, account.outcomes);
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
