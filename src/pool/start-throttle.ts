/** When a thread may be started: not while starts fail (circuit), nor at once after threads that die before they have done anything. */
import { BACKOFF_DEFAULTS, Backoff } from './backoff.js';
import { CIRCUIT_THRESHOLD_DEFAULT, Circuit } from './circuit.js';

export class StartThrottle {
  readonly circuit = new Circuit(CIRCUIT_THRESHOLD_DEFAULT, new Backoff(BACKOFF_DEFAULTS, Math.random));
  readonly #crashes = new Backoff({ ...BACKOFF_DEFAULTS, initial: 20, max: 5_000 }, Math.random);
  #notBefore = 0;

  /** Whether one may be started at `now` (ms) in the place of one that has gone. */
  allows(now: number): boolean {
    return this.circuit.allows(now) && now >= this.#notBefore;
  }

  /** When that is so again, in ms; Infinity: when the start that is under way has ended. */
  get nextAt(): number {
    if (this.circuit.state === 'half-open') return Number.POSITIVE_INFINITY;
    return Math.max(this.circuit.retryAt ?? 0, this.#notBefore);
  }

  /** A thread has died, at `now` (ms), that was ready and had completed nothing. */
  crashed(now: number): void {
    this.#notBefore = now + this.#crashes.failed();
  }

  /** A thread has ended that had completed something. */
  worked(): void {
    this.#crashes.succeeded();
  }
}
