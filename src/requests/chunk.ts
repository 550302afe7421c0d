/** A chunk: items of a `map` that travel in one request. What is to be sent, and what has come back. */
import type { Refusal, RequestOutcome } from '../ledger/outcome.js';
import type { ChunkPayload, OutcomeMessage } from '../protocol/messages.js';

/** Whom a chunk tells what becomes of its items. */
export interface ChunkOwner {
  /** The item failed: its thread died running it, or its time was up. @returns whether it will run again */
  failed(index: number, error: Error, why: 'crash' | 'timeout'): boolean;
  /** Outcomes of the first `count` items have been published, and the chunk goes on. */
  progressed(count: number): void;
  /** The chunk could not be read, and does not run as a whole. */
  dissolved(): void;
}

export class Chunk {
  readonly payload: ChunkPayload;
  /** Of what is sent, about. */
  readonly bytes: number;
  /** What has become of the request as a whole, once it is settled. */
  outcome: RequestOutcome = 'aborted';
  /** Why, if it is refused. */
  refusal: Refusal = 'closed';
  /** How long its items took, on average, in ms; `undefined` before it is over, or if none has run. */
  meanTime: number | undefined;
  readonly #owner: ChunkOwner;
  readonly #count: Int32Array;
  /** Items whose outcome is in the books. */
  entered = 0;
  /** Items that are known to have failed. */
  failed = 0;
  /** Bytes of the outcomes that came by message and have been taken. */
  takenBytes = 0;
  /** Outcomes that came by message and have not been taken. */
  readonly #stash = new Map<number, OutcomeMessage>();
  /** Items of which the outcome is known although the thread has not given it. */
  #settled: Set<number> | undefined;
  /** The only item that may have been running since the chunk was stopped. */
  #stoppedAt: number | undefined;

  constructor(payload: ChunkPayload, bytes: number, owner: ChunkOwner) {
    this.payload = payload;
    this.bytes = bytes;
    this.#owner = owner;
    this.#count = new Int32Array(payload.memory, 0, 1);
  }

  /** Items in it. */
  get size(): number {
    return this.payload.count;
  }

  /** Items that the worker may run that has got it. */
  get runnable(): number {
    return Math.min(this.payload.count, this.payload.most);
  }

  /** The worker that gets it next may run no more items. */
  limitTo(most: number): void {
    this.payload.most = most;
  }

  /** Items of which the thread has published an outcome. */
  get completed(): number {
    return Atomics.load(this.#count, 0);
  }

  /** Items that its thread has started, once it has the chunk, and that have no outcome in the books. */
  get running(): number {
    return Math.max(0, Math.min(this.size, this.completed + 1) - this.entered);
  }

  /** An outcome came by message. */
  received(message: OutcomeMessage): void {
    this.#stash.set(message.index, message);
    if (message.failure !== undefined) this.failed++;
  }

  /** Outcomes that came by message and have not been taken. */
  get untaken(): Iterable<OutcomeMessage> {
    return this.#stash.values();
  }

  /** Whether something has come by message for an item. */
  has(index: number): boolean {
    return this.#stash.has(index);
  }

  /** What came by message for an item; `undefined`: it could not be read. */
  take(index: number): OutcomeMessage | undefined {
    const message = this.#stash.get(index);
    this.#stash.delete(index);
    return message;
  }

  /** Its items are to run one by one. */
  dissolved(): void {
    this.#owner.dissolved();
  }

  progressed(count: number): void {
    this.#owner.progressed(count);
  }

  /** No further item is started; this one was running then, if any. */
  stopped(index: number): void {
    this.#stoppedAt ??= index;
  }

  /** The time of an item is up. */
  timedOut(index: number, error: Error): void {
    if (this.isSettled(index)) return;
    this.#settled ??= new Set();
    this.#settled.add(index);
    this.#owner.failed(index, error, 'timeout');
  }

  /** Whether the outcome of an item is known. */
  isSettled(index: number): boolean {
    return index < this.completed || this.#settled?.has(index) === true;
  }

  /**
   * The thread has died.
   * @param index the item that it had noted
   * @returns which item died with it, if any, and whether it will run again
   */
  died(index: number, errorOf: () => Error): { readonly runsAgain: boolean } | undefined {
    const wasRunning = this.#stoppedAt === undefined || this.#stoppedAt === index;
    if (index < 0 || !wasRunning || this.isSettled(index)) return undefined;
    return { runsAgain: this.#owner.failed(index, errorOf(), 'crash') };
  }
}
