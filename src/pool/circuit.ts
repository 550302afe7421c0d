import type { Backoff } from './backoff.js';

/*
 * The circuit for starts of workers (Nygard, "Release It!"; Fowler, "CircuitBreaker"):
 *
 *          threshold failures in a row,
 *          the last one alone              the backoff is over, one attempt begins
 *      closed ──────────────────→ open ────────────────────────────────────→ half-open
 *         ↑                        ↑                                           │   │
 *         │                        └───── that fails, or is abandoned ─────────┘   │
 *         └─────────────────────────────────────── it succeeds ────────────────────┘
 *
 * closed:    workers are started, each failure delaying the next start by the backoff; requests wait. After a
 *            failure they should be started one by one (`isTrying`) until one succeeds.
 * open:      no worker is started, and none is on its way. Requests fail at once with the last cause, rather than
 *            hang.
 * half-open: one worker is started; requests wait for it.
 *
 * Only a start that was the only one under way opens the circuit: several at once can take each other's last file
 * descriptors or threads, where one of them alone would have come up.
 */
export const CIRCUIT_TRANSITIONS = {
  closed: ['open'],
  open: ['half-open'],
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
  /** Number of attempts since the beginning. */
  #begun = 0;
  /** Number of attempts that have not ended. */
  #underWay = 0;
  /** The last attempt that began after a failure, while it is under way. */
  #trial: StartAttempt | undefined;

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

  /** Whether an attempt is under way that began after a failure: the next ones should wait for its outcome. */
  get isTrying(): boolean {
    return this.#trial !== undefined;
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
    const number = ++this.#begun;
    const beganAlone = this.#underWay++ === 0;
    let ended = false;
    const end = (then: () => void) => () => {
      if (ended) return;
      ended = true;
      this.#underWay--;
      if (this.#trial === attempt) this.#trial = undefined;
      then();
    };
    const attempt: StartAttempt = {
      succeeded: end(() => this.#succeeded()),
      failed: (failedAt, cause) =>
        end(() => this.#failed(failedAt, cause, wave, beganAlone && number === this.#begun))(),
      abandoned: end(() => this.#unproven()),
    };
    if (this.#failures > 0) this.#trial = attempt;
    if (this.#state === 'open') this.#enter('half-open');
    return attempt;
  }

  /**
   * What made starts fail may be over: somebody asks for one, or a thread has ended that took what they lacked.
   * The backoff is over, and a failure of one that is under way delays nothing.
   */
  retryNow(): void {
    this.#wave += 1;
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
    if (this.#state !== 'closed') this.#enter('closed');
  }

  #failed(now: number, cause: unknown, wave: number, wasAlone: boolean): void {
    this.#failures += 1;
    this.#cause = cause;
    if (wave === this.#wave) {
      this.#wave += 1;
      this.#retryAt = now + this.#backoff.failed();
    }
    this.#unproven();
    if (this.#state === 'closed' && this.#failures >= this.#threshold && wasAlone) this.#enter('open');
  }

  /** An attempt has ended without success. While half-open there is no other one. */
  #unproven(): void {
    if (this.#state === 'half-open') this.#enter('open');
  }

  #enter(next: CircuitState): void {
    const allowed: readonly CircuitState[] = CIRCUIT_TRANSITIONS[this.#state];
    if (!allowed.includes(next)) throw new Error(`circuit: no way from ${this.#state} to ${next}`);
    this.#state = next;
  }
}
