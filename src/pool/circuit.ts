import type { Backoff } from './backoff.js';

/*
 * The circuit for starts of workers (Nygard, "Release It!"; Fowler, "CircuitBreaker"):
 *
 *               threshold failures in a row               the backoff is over, one attempt begins
 *      closed ────────────────────────────→ open ────────────────────────────────→ half-open
 *         ↑  ↑                              │  ↑                                     │   │
 *         │  └── an earlier attempt succeeds┘  └── that fails, or is abandoned ────────┘   │
 *         └───────────────────────────────────────────── it succeeds ───────────────────┘
 *
 * closed:    workers are started, each failure delaying the next start by the backoff; requests wait.
 * open:      no worker is started. Requests wait while an earlier start is still under way, else they fail at
 *            once with the last cause, rather than hang.
 * half-open: one worker is started; requests wait for it.
 */
export const CIRCUIT_TRANSITIONS = {
  closed: ['open'],
  open: ['half-open', 'closed'],
  'half-open': ['closed', 'open'],
} as const satisfies Record<string, readonly string[]>;

export type CircuitState = keyof typeof CIRCUIT_TRANSITIONS;

/** Failed starts in a row that open the circuit. */
export const CIRCUIT_THRESHOLD_DEFAULT = 3;

/** The state of a circuit in `stats()`. */
export interface CircuitSnapshot {
  readonly state: CircuitState;
  /** Number of failed starts since the last success. */
  readonly failures: number;
  /** When the next start may be tried, in ms of the Balancer's clock; undefined: at once. */
  readonly retryAt: number | undefined;
  /** Why the last start failed; undefined once one has succeeded. */
  readonly cause: unknown;
}

/** A start under way. It ends in one of three ways; only the first call counts. */
export interface StartAttempt {
  succeeded(): void;
  /** `now` in ms; `cause` becomes the cause of the errors while the circuit is open. */
  failed(now: number, cause: unknown): void;
  /** Its outcome is unknown: the pool shrank or closed meanwhile. */
  abandoned(): void;
}

/** Decides whether a worker may be started, and whether requests may wait for one. */
export class Circuit {
  readonly #threshold: number;
  readonly #backoff: Backoff;
  #state: CircuitState = 'closed';
  #failures = 0;
  #retryAt: number | undefined;
  #cause: unknown;
  /** Number of ended waves; see `begin`. */
  #wave = 0;
  /** The attempt that decides about half-open. */
  #probe: StartAttempt | undefined;

  /** @param threshold failures in a row that open it, ≥ 1 */
  constructor(threshold: number, backoff: Backoff) {
    this.#threshold = threshold;
    this.#backoff = backoff;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Why the last start failed; undefined once one has succeeded. */
  get cause(): unknown {
    return this.#cause;
  }

  /**
   * When the next start may be tried, in ms; undefined: at once or, while half-open, when the attempt under
   * way has ended.
   */
  get retryAt(): number | undefined {
    return this.#retryAt;
  }

  /** Whether a start may be tried at `now` (ms). */
  allows(now: number): boolean {
    return this.#state !== 'half-open' && (this.#retryAt === undefined || now >= this.#retryAt);
  }

  /**
   * Begins a start. To be called only where `allows(now)`.
   *
   * While closed several starts may be under way. Eight workers that start together and all fail are one
   * reason to wait, not eight: starts that began before a failure was known form a wave with it, and a wave
   * raises the backoff once. For the threshold each of them counts.
   */
  begin(now: number): StartAttempt {
    if (!this.allows(now))
      throw new Error(`a start began at ${now} while the circuit (${this.#state}) does not allow it`);
    const wave = this.#wave;
    let ended = false;
    const end = (then: () => void) => () => {
      if (ended) return;
      ended = true;
      then();
    };
    const attempt: StartAttempt = {
      succeeded: end(() => this.#succeeded()),
      failed: (failedAt, cause) => end(() => this.#failed(failedAt, cause, wave, attempt))(),
      abandoned: end(() => this.#probeEnded(attempt)),
    };
    if (this.#state === 'open') {
      this.#enter('half-open');
      this.#probe = attempt;
    }
    return attempt;
  }

  /** Somebody asks for a start, and may have mended what made the last ones fail: the backoff is over. */
  retryNow(): void {
    this.#retryAt = undefined;
  }

  snapshot(): CircuitSnapshot {
    return { state: this.#state, failures: this.#failures, retryAt: this.#retryAt, cause: this.#cause };
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#retryAt = undefined;
    this.#cause = undefined;
    this.#backoff.succeeded();
    this.#probe = undefined;
    if (this.#state !== 'closed') this.#enter('closed');
  }

  #failed(now: number, cause: unknown, wave: number, attempt: StartAttempt): void {
    this.#failures += 1;
    this.#cause = cause;
    if (wave === this.#wave) {
      this.#wave += 1;
      this.#retryAt = now + this.#backoff.failed();
    }
    this.#probeEnded(attempt);
    if (this.#state === 'closed' && this.#failures >= this.#threshold) this.#enter('open');
  }

  #probeEnded(attempt: StartAttempt): void {
    if (this.#probe !== attempt) return;
    this.#probe = undefined;
    this.#enter('open');
  }

  #enter(next: CircuitState): void {
    const allowed: readonly CircuitState[] = CIRCUIT_TRANSITIONS[this.#state];
    if (!allowed.includes(next)) throw new Error(`circuit: no way from ${this.#state} to ${next}`);
    this.#state = next;
  }
}
