/**
 * Requests that run on one worker, in order. After Pipy, which remembers its balancers' choice for each
 * connection.
 */
import { EventEmitter } from 'node:events';
import { BalancerClosedError } from '../errors/errors.js';
import type { SubmitOptions } from '../options/submit.js';
import type { Binding } from '../requests/request.js';
import { callUser } from '../requests/user-callback.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  SubmitBare,
  SubmitOverloaded,
  SubmitWith,
} from '../tasks/signatures.js';
import type { View } from '../worker/view.js';
import type { Worker } from '../worker/worker.js';

/** The events of a session. */
export interface SessionEvents {
  /**
   * The session's worker has ended, and another one was selected. State that tasks kept in the old thread is
   * lost.
   */
  moved: [{ from: number; to: number }];
}

/** How a session submits its requests. */
export type SessionSubmit = (session: Session, args: unknown[]) => Promise<unknown>;

/**
 * All requests of a session run on the same worker, in the order of submission: so tasks can keep state in
 * their thread. The policy selects the worker for the first request. If the worker dies, the session moves to
 * another one and emits `moved`. A worker that is being replaced or removed keeps its sessions until they are
 * closed.
 */
export class Session extends EventEmitter<SessionEvents> implements Binding {
  readonly #submit: SessionSubmit;
  #worker: Worker | undefined;
  #lastId: number | undefined;
  /** Number of accepted requests that are not settled. */
  #open = 0;
  #closed = false;

  constructor(submit: SessionSubmit) {
    super();
    this.#submit = submit;
  }

  /** Id of the session's worker; `undefined` before the first request has been dispatched. */
  get workerId(): number | undefined {
    return this.#current()?.id;
  }

  /** Like `Balancer.submit`, on the session's worker. Rejects with `BalancerClosedError` after `close`. */
  submit<R>(...call: SubmitBare<R, SubmitOptions>): Promise<Awaited<R>>;
  submit<A extends unknown[], R>(...call: SubmitWith<A, R, SubmitOptions>): Promise<Awaited<R>>;
  submit<F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, SubmitOptions>
  ): Promise<Awaited<OverloadResult<F, A>>>;
  submit(...args: unknown[]): Promise<unknown> {
    if (this.#closed)
      return Promise.reject(new BalancerClosedError('the session is closed and takes no more requests'));
    return this.#submit(this, args);
  }

  /** Frees the worker as soon as the requests submitted before have run. Does nothing the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#open === 0) this.#leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * For the dispatcher: the view of the session's worker. Without a worker, or after its end, selects one.
   */
  bind(select: () => View<Worker> | undefined): View<Worker> | undefined {
    const current = this.#current();
    if (current !== undefined) return current.view;
    const view = select();
    if (view === undefined) return undefined;
    const from = this.#lastId;
    this.#lastId = view.id;
    this.#worker = view.worker;
    view.worker.sessions++;
    if (from !== undefined && from !== view.id) callUser(() => this.emit('moved', { from, to: view.id }));
    return view;
  }

  /** For the Balancer: a request of the session was accepted. */
  accepted(): void {
    this.#open++;
  }

  /** A request of the session was settled. */
  settled(): void {
    this.#open--;
    if (this.#closed && this.#open === 0) this.#leave();
  }

  #leave(): void {
    this.#current()?.leaveSession();
    this.#worker = undefined;
  }

  #current(): Worker | undefined {
    const state = this.#worker?.state;
    return state === 'dead' || state === 'ejected' ? undefined : this.#worker;
  }
}
