/**
 * Requests that wait although workers have room: a policy has no worker for them now, or their transferred
 * arguments find no place. They wait apart from the queue, so that those behind them go on, and are offered
 * again at later passes, a bounded number at each.
 */
import type { Request } from '../requests/request.js';
import { SUSPECT_FROM } from '../tasks/registry.js';

/** Most requests that are declined in one pass among the oldest, and as many among the others in turn. */
const MOST_DECLINED = 16;

export class HeldUp {
  /** The oldest first; `undefined` where one has left. */
  #requests: (Request | undefined)[] = [];
  #left = 0;
  /** Where those in turn go on. */
  #turn = 0;
  /** Requests that have not been offered since something changed. */
  #unasked = 0;

  get isEmpty(): boolean {
    return this.#requests.length === this.#left;
  }

  /** Whether some have not been offered since something changed. */
  get hasUnasked(): boolean {
    return this.#unasked > 0 && !this.isEmpty;
  }

  add(request: Request): void {
    this.#requests.push(request);
    // It is offered again as soon as those behind it have been.
    if (request.task.kills >= SUSPECT_FROM) this.changed();
  }

  /**
   * A request has been completed or placed, or a worker has come: the answer for others may be another now.
   * O(1).
   */
  changed(): void {
    this.#unasked = this.#requests.length;
  }

  /** Offers the oldest, then others in turn. @param offer returns whether the request has left */
  ask(offer: (request: Request) => boolean): void {
    if (this.isEmpty) return;
    if (this.#requests.length <= 2 * MOST_DECLINED) {
      this.askAll(offer);
      return;
    }
    this.#askFrom(0, MOST_DECLINED, offer);
    const from = this.#turn;
    this.#turn = this.#askFrom(from, MOST_DECLINED, offer);
    this.#unasked -= this.#turn - from;
    if (this.#turn >= this.#requests.length) this.#turn = 0;
    this.#tidy();
  }

  /** Offers all of them. O(n). */
  askAll(offer: (request: Request) => boolean): void {
    this.#unasked = 0;
    this.#askFrom(0, Number.POSITIVE_INFINITY, offer);
    this.#tidy();
  }

  /** Removes and returns all, the oldest first. */
  takeAll(): Request[] {
    const all = this.#requests.filter((request) => request !== undefined && !request.isSettled) as Request[];
    this.#requests = [];
    this.#left = this.#turn = this.#unasked = 0;
    return all;
  }

  /** @returns where it has stopped */
  #askFrom(from: number, most: number, offer: (request: Request) => boolean): number {
    let declined = 0;
    let i = from;
    for (; i < this.#requests.length && declined < most; i++) {
      const request = this.#requests[i];
      if (request === undefined) continue;
      if (!request.isSettled && !offer(request)) {
        declined++;
        continue;
      }
      this.#requests[i] = undefined;
      this.#left++;
    }
    return i;
  }

  #tidy(): void {
    if (this.#left < 64 && !this.isEmpty) return;
    if (2 * this.#left < this.#requests.length) return;
    this.#requests = this.#requests.filter((request) => request !== undefined);
    this.#left = this.#turn = 0;
  }
}
