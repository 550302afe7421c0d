/** What a session is for the dispatcher: which worker it has, and whether that is still needed. */
import type { Binding, RequestExtras } from '../requests/request.js';
import type { View } from '../worker/view.js';
import type { Worker } from '../worker/worker.js';

export class SessionBinding implements Binding {
  readonly #moved: (from: number, to: number) => void;
  #worker: Worker | undefined;
  #lastId: number | undefined;
  /** Number of accepted requests that are not settled. */
  #open = 0;
  #closed = false;
  /** Of the request that was accepted last. */
  #last: RequestExtras | undefined;

  /** @param moved called when another worker takes the place of one that has ended */
  constructor(moved: (from: number, to: number) => void) {
    this.#moved = moved;
  }

  /** Id of the worker; `undefined` before the first request has been dispatched. */
  get workerId(): number | undefined {
    return this.#current()?.id;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Frees the worker as soon as the accepted requests have run. Does nothing the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#open === 0) this.#leave();
  }

  /** The view of the worker. Without one, or after its end, selects one. */
  bind(select: () => View<Worker> | undefined): View<Worker> | undefined {
    const current = this.#current();
    if (current !== undefined) return current.view;
    const view = select();
    if (view === undefined) return undefined;
    const from = this.#lastId;
    this.#lastId = view.id;
    this.#worker = view.worker;
    view.worker.sessions++;
    if (from !== undefined && from !== view.id) this.#moved(from, view.id);
    return view;
  }

  /**
   * A request of the session was accepted. While those before it may still be in the queue, it counts as no
   * more urgent than they: it must not leave the queue first.
   */
  accepted(extras: RequestExtras): void {
    const last = this.#last;
    if (this.#open > 0 && last !== undefined && last.worker === undefined && last.priority < extras.priority)
      extras.priority = last.priority;
    this.#open++;
    this.#last = extras;
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
