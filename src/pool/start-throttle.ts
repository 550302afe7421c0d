/**
 * When a thread may be started: not while starts fail (circuit), and with a delay after threads that came up
 * and died before they had begun a request.
 */
import { BACKOFF_DEFAULTS, Backoff } from './backoff.js';
import { CIRCUIT_THRESHOLD_DEFAULT, Circuit } from './circuit.js';

export class StartThrottle {
  readonly circuit = new Circuit(CIRCUIT_THRESHOLD_DEFAULT, new Backoff(BACKOFF_DEFAULTS, Math.random));
  readonly #crashes = new Backoff({ ...BACKOFF_DEFAULTS, initial: 20, max: 5_000 }, Math.random);
  #notBefore = 0;

  /** Whether a thread may be started at `now` (ms) in a vacant place. */
  allows(now: number): boolean {
    return this.circuit.allows(now) && !this.circuit.isTrying && now >= this.#notBefore;
  }

  /** When `allows` may be true again, in ms; Infinity: when the start under way has ended. */
  get nextAt(): number {
    if (this.circuit.isTrying) return Number.POSITIVE_INFINITY;
    return Math.max(this.circuit.retryAt ?? 0, this.#notBefore);
  }

  /** A thread that was ready has died at `now` (ms), and had begun no request. */
  crashed(now: number): void {
    this.#notBefore = now + this.#crashes.failed();
  }

  /** A thread has ended that had begun requests. Another one may have what it took. */
  worked(): void {
    this.#crashes.succeeded();
    this.circuit.retryNow();
  }
}
