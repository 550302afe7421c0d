/**
 * Requests that run on one worker, in order. After Pipy, which remembers its balancers' choice for each
 * connection.
 */
import { EventEmitter } from 'node:events';
import { BalancerClosedError } from '../errors/errors.js';
import type { SubmitOptions } from '../options/submit.js';
import { callUser } from '../requests/user-callback.js';
import type {
  AnyTask,
  OverloadParameters,
  OverloadResult,
  SubmitBare,
  SubmitOverloaded,
  SubmitWith,
} from '../tasks/signatures.js';
import { SessionBinding } from './session-binding.js';

/** The events of a session. */
export interface SessionEvents {
  /**
   * The session's worker has ended, and another one was selected. State that tasks kept in the old thread is
   * lost.
   */
  moved: [{ from: number; to: number }];
}

/** How a session submits its requests. */
type SessionSubmit = (binding: SessionBinding, call: unknown[]) => Promise<unknown>;

/**
 * All requests of a session run on the same worker, in the order of submission: so tasks can keep state in
 * their thread. The policy selects the worker for the first request. If the worker dies, the session moves to
 * another one and emits `moved`. A worker that is being replaced or removed keeps its sessions until they are
 * closed.
 */
export class Session extends EventEmitter<SessionEvents> {
  readonly #submit: SessionSubmit;
  readonly #binding = new SessionBinding((from, to) => callUser(() => this.emit('moved', { from, to })));

  /** @internal Use `balancer.session()`. */
  constructor(submit: SessionSubmit) {
    super();
    this.#submit = submit;
  }

  /** Id of the session's worker; `undefined` before the first request has been dispatched. */
  get workerId(): number | undefined {
    return this.#binding.workerId;
  }

  /** Like `Balancer.submit`, on the session's worker. Rejects with `BalancerClosedError` after `close`. */
  submit<R>(...call: SubmitBare<R, SubmitOptions>): Promise<Awaited<R>>;
  submit<A extends unknown[], R>(...call: SubmitWith<A, R, SubmitOptions>): Promise<Awaited<R>>;
  submit<F extends AnyTask, const A extends OverloadParameters<F>>(
    ...call: SubmitOverloaded<F, A, SubmitOptions>
  ): Promise<Awaited<OverloadResult<F, A>>>;
  submit(...call: unknown[]): Promise<unknown> {
    if (this.#binding.isClosed)
      return Promise.reject(new BalancerClosedError('the session is closed and takes no more requests'));
    return this.#submit(this.#binding, call);
  }

  /** Frees the worker as soon as the requests submitted before have run. Does nothing the second time. */
  close(): void {
    this.#binding.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
