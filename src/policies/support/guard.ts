import { NoWorkerError } from '../../errors/errors.js';
import { messageOf } from '../../errors/printing.js';
import { ownValue } from '../../options/validate.js';
import type { Outcome, Policy, RequestView, WorkerView } from '../policy.js';

/**
 * Makes sure that a custom policy keeps to the interface: each request gets a worker of the set, waits, or
 * fails with a clear error. The policies of this package need no guard.
 *
 * An error of `select` fails only that request. After an error of any other method the policy's state cannot
 * be trusted: all further requests fail.
 */
export class GuardedPolicy implements Policy {
  readonly name: string;
  readonly pins: boolean;
  readonly #policy: Policy;
  readonly #set = new Set<WorkerView>();
  #failure: NoWorkerError | undefined;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.name = policy.name;
    this.pins = policy.pins;
    if (ownValue(policy, 'observe') !== undefined)
      this.observe = (worker, outcome) => this.#observe(worker, outcome);
  }

  observe?: (worker: WorkerView, outcome: Outcome) => void;

  add(worker: WorkerView): void {
    this.#set.add(worker);
    this.#call('add', () => this.#policy.add(worker));
  }

  remove(worker: WorkerView): void {
    // A drained worker is removed a second time when it is dead; one that died while starting was never
    // added.
    if (!this.#set.delete(worker)) return;
    this.#call('remove', () => this.#policy.remove(worker));
  }

  /** @throws NoWorkerError the policy has failed, or has selected something that is not in the set */
  select(request: RequestView): WorkerView | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    let selected: WorkerView | undefined;
    try {
      selected = this.#policy.select(request);
    } catch (cause) {
      throw this.#failed('select', cause);
    }
    if (selected === undefined || selected === null) return undefined;
    if (!this.#set.has(selected)) {
      throw new NoWorkerError(
        `policy '${this.name}' selected something that is not a worker of the set: select must return a view that was given to add, and not to remove since`,
      );
    }
    // Only with pinning may a request wait for a full worker: without, an idle worker must be able to take
    // it.
    return selected.available || this.pins ? selected : undefined;
  }

  update(worker: WorkerView): void {
    if (this.#set.has(worker)) this.#call('update', () => this.#policy.update(worker));
  }

  #observe(worker: WorkerView, outcome: Outcome): void {
    if (this.#set.has(worker)) this.#call('observe', () => this.#policy.observe?.(worker, outcome));
  }

  #call(method: string, call: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      call();
    } catch (cause) {
      this.#failure = this.#failed(method, cause);
    }
  }

  #failed(method: string, cause: unknown): NoWorkerError {
    return new NoWorkerError(`policy '${this.name}' failed in ${method}: ${messageOf(cause)}`, { cause });
  }
}
