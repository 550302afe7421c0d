/**
 * A worker's membership in the pool.
 *
 *     starting ──┬────→ serving ⇄ being-replaced
 *       │  │     │         ↑ │            │
 *       │  │     ├→ in-reserve            │
 *       │  │     ↓         │ ├── leaving ←┤
 *       │  └→ abandoned    │ │      │     │
 *       ↓        └─────────┴─┴──────┴─────┴──→ gone
 *     failed
 */
import { performance } from '../protocol/clock.js';
import type { Worker } from '../worker/worker.js';
import type { StartAttempt } from './circuit.js';

/**
 * - `starting`: its thread comes up, or runs the start-up check; it gets no requests yet
 * - `in-reserve`: it is up, and gets no requests while the one that it is to replace has some left to run
 * - `serving`: it gets requests
 * - `being-replaced`: it gets requests while a successor is being started in its place
 * - `abandoned`: it was removed before it got requests; its thread is being ended
 * - `leaving`: it gets no more requests and finishes those that it has started, or its thread is being ended
 * - `failed`: its thread ended of its own accord before it got requests
 * - `gone`: its thread has ended otherwise
 */
export const MEMBER_TRANSITIONS = {
  starting: ['in-reserve', 'serving', 'abandoned', 'failed'],
  'in-reserve': ['serving', 'abandoned', 'gone'],
  serving: ['being-replaced', 'leaving', 'gone'],
  'being-replaced': ['serving', 'leaving', 'gone'],
  abandoned: ['gone'],
  leaving: ['gone'],
  failed: [],
  gone: [],
} as const satisfies Record<string, readonly string[]>;

export type MemberState = keyof typeof MEMBER_TRANSITIONS;

export interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export class Member {
  readonly worker: Worker;
  readonly attempt: StartAttempt;
  /** When its start began, in ms. */
  readonly startedAt = performance.now();
  /** Resolves when it gets requests; rejects if its thread ends before. */
  readonly ready: PromiseWithResolvers<void> = withResolvers();
  /** Resolves when its thread has ended. */
  readonly ended: PromiseWithResolvers<void> = withResolvers();
  /** It makes the set larger by one: if it cannot be started, the set stays as it was. */
  readonly isExtra: boolean;
  /** Once it is up it may wait until its predecessor has run all that it may. */
  mayWait: boolean;
  #state: MemberState = 'starting';
  #replaces: Member | undefined;

  constructor(
    worker: Worker,
    attempt: StartAttempt,
    {
      replaces,
      isExtra = false,
      mayWait = false,
    }: { replaces?: Member | undefined; isExtra?: boolean; mayWait?: boolean },
  ) {
    this.worker = worker;
    this.attempt = attempt;
    this.#replaces = replaces;
    this.isExtra = isExtra;
    this.mayWait = mayWait;
    replaces?.enter('being-replaced');
    // Callers that wait for it get the rejection; often there is none.
    this.ready.promise.catch(() => {});
  }

  get state(): MemberState {
    return this.#state;
  }

  /**
   * The member whose place it takes when it is ready. `undefined` once it has ended itself: each one would
   * hold its predecessor, and the last one all that there ever were.
   */
  get replaces(): Member | undefined {
    return this.#replaces;
  }

  /** Whether it is, or will be, in the set of workers. */
  get isStaying(): boolean {
    return this.isComing || this.getsRequests;
  }

  get getsRequests(): boolean {
    return this.#state === 'serving' || this.#state === 'being-replaced';
  }

  /** Whether it counts for the size of the set: one that is being replaced is counted with its successor. */
  get counts(): boolean {
    return this.isComing || this.#state === 'serving';
  }

  /** Whether its place is vacant when it goes now: no successor and no predecessor has it. */
  get leavesVacancy(): boolean {
    return this.counts && !this.replaces?.isStaying;
  }

  /** @throws Error there is no such transition */
  enter(next: MemberState): void {
    const allowed: readonly MemberState[] = MEMBER_TRANSITIONS[this.#state];
    if (!allowed.includes(next))
      throw new Error(`worker ${this.worker.id}: no way from ${this.#state} to ${next}`);
    this.#state = next;
  }

  /** It is to go. Nothing changes if that has been decided before. */
  leave(): void {
    if (this.isComing) this.#giveUp('abandoned');
    else if (this.getsRequests) this.enter('leaving');
  }

  /** Its thread has ended. */
  end(): void {
    if (this.#state === 'starting') this.#giveUp('failed');
    else if (this.#state === 'in-reserve') this.#giveUp('gone');
    else this.enter('gone');
    this.#replaces = undefined;
  }

  /** Whether it gets no requests yet, and will. */
  get isComing(): boolean {
    return this.#state === 'starting' || this.#state === 'in-reserve';
  }

  #giveUp(next: 'abandoned' | 'failed' | 'gone'): void {
    this.enter(next);
    if (this.replaces?.state === 'being-replaced') this.replaces.enter('serving');
  }
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
