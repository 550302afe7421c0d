/** Callers that wait until workers are ready. */
import { BalancerClosedError, NoWorkerError } from '../errors/errors.js';
import { noWorker } from './availability.js';
import type { Circuit } from './circuit.js';
import type { Members } from './members.js';
import type { Size } from './size.js';

interface Waiting {
  /** How many workers; `undefined`: all that there should be. */
  readonly count: number | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Readiness {
  readonly #members: Members;
  readonly #size: Size;
  readonly #circuit: Circuit;
  #waiting: Waiting[] = [];

  constructor(members: Members, size: Size, circuit: Circuit) {
    this.#members = members;
    this.#size = size;
    this.#circuit = circuit;
  }

  /** Resolves when that many workers get requests. @param isClosing no more workers will come */
  wait(count: number | undefined, isClosing: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ count, resolve, reject });
      this.look(isClosing);
    });
  }

  /** To be called when workers have come or gone. @param isClosing no more workers will come */
  look(isClosing: boolean): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const { ready } = this.#members;
    for (const each of waiting) {
      const { count = this.#size.target } = each;
      const error = this.#hindrance(count, isClosing);
      if (error !== undefined) each.reject(error);
      else if (ready >= count) each.resolve();
      else this.#waiting.push(each);
    }
  }

  /** Why that many workers will not be there. */
  #hindrance(count: number, isClosing: boolean): Error | undefined {
    if (isClosing) return new BalancerClosedError('the Balancer is closed');
    const { ready, starting } = this.#members;
    if (ready >= count) return undefined;
    const { max } = this.#size.range;
    if (count > max)
      return new NoWorkerError(`there will be no ${count} workers: the set has been limited to ${max}`);
    const mayStart = starting > 0 || this.#circuit.state === 'closed';
    return mayStart ? undefined : noWorker(this.#circuit.cause);
  }
}
