/** The requests behind a map: one for each chunk, and for each item that runs again. */
import { BalancerClosedError } from '../../errors/errors.js';
import type { Call, Calls } from '../calls.js';
import { errorOf } from '../calls.js';
import type { Connection } from '../connection.js';
import type { Entry } from '../directory.js';
import { EngineError, MachineLostError, NoMachineError, PayloadTooLargeError } from '../errors.js';
import type { ChunkOutcome, Reply } from '../messages.js';
import type { ClusterRequest } from '../request.js';
import { decodeThrown, decodeValue } from '../values/decode.js';
import { encodeValue } from '../values/encode.js';
import type { Item } from './item.js';

/** Machines that may be lost with one item; as for any request. */
const MOST_LOSSES = 3;

/** What becomes of the items of a request. */
export interface Settle {
  value(item: Item, value: unknown): void;
  thrown(item: Item, error: unknown): void;
  /** @param error if it does not run again */
  lost(item: Item, error: unknown): void;
  ran(items: number, ms: number, bytes: number): void;
  /** It is settled. */
  over(request: ClusterRequest): void;
  /** The map is over. */
  end(error: unknown): void;
}

export class MapTarget {
  readonly #calls: Calls;
  readonly #connection: Connection;
  readonly #call: Call;
  #awaitsRoom = false;
  readonly #limits: { readonly maxQueue: number; readonly maxPayload: number };
  readonly #cluster: { readonly refusal: Error | undefined; ready(): Promise<void> };

  constructor(
    calls: Calls,
    connection: Connection,
    call: Call,
    limits: { readonly maxQueue: number; readonly maxPayload: number },
    cluster: { readonly refusal: Error | undefined; ready(): Promise<void> },
  ) {
    this.#calls = calls;
    this.#connection = connection;
    this.#call = call;
    this.#limits = limits;
    this.#cluster = cluster;
  }

  get machines(): readonly Entry[] {
    return this.#connection.machines;
  }

  /** Length of the items, and of the results, of a chunk. */
  get mostBytes(): number {
    return this.#limits.maxPayload / 4;
  }

  /** Why nothing is accepted, if so. */
  get refusal(): Error | undefined {
    return this.#cluster.refusal;
  }

  get hasRoom(): boolean {
    return this.#connection.requests.size < this.#limits.maxQueue;
  }

  /** Has a function called when there is room; once, however often it is asked for. @returns false */
  waitForRoom(onRoom: () => void): false {
    if (!this.#awaitsRoom) {
      this.#awaitsRoom = true;
      void this.#cluster.ready().then(() => {
        this.#awaitsRoom = false;
        onRoom();
      });
    }
    return false;
  }

  /** An item as sent, or why it cannot be. */
  write(value: unknown, index: number): string | { readonly error: unknown } {
    try {
      const text = encodeValue(value, () => `items[${index}]`);
      this.#calls.mustFit(this.#call.task, text);
      return text;
    } catch (error) {
      return { error };
    }
  }

  withdraw(request: ClusterRequest): void {
    this.#connection.requests.withdraw(request);
  }

  /** Whether an item runs again after so many losses. */
  mayRunAgain(losses: number): boolean {
    return losses <= this.#call.settings.retries && losses < MOST_LOSSES;
  }

  /** @param settles errors that concern all items end the map, and are no outcomes */
  send(items: readonly Item[], settle: Settle, settles: boolean): ClusterRequest {
    const [first] = items as [Item];
    const text = `[${items.map((item) => item.text).join(',')}]`;
    // Outcomes come in order. Those that are there may have items wait for another run.
    let answered = 0;
    let bytes = 0;
    const fail = (each: (item: Item) => void): void => {
      for (const item of items.slice(answered)) each(item);
      settle.over(request);
    };
    const request = this.#calls.chunk(this.#call, text, items.length === 1 ? first.losses : 0, {
      replied: (reply) => {
        if (reply.t === 'chunk') {
          if (reply.at === answered) {
            bytes += this.#settleAll(items, reply, settle);
            answered += reply.outcomes.length;
          }
          if (!reply.done) return;
          settle.ran(items.length, reply.ms, bytes);
          const error = new EngineError(`the reply to a chunk of '${this.#call.task.name}' is not complete`);
          fail((item) => settle.thrown(item, error));
        } else if (reply.t === 'lost') {
          fail((item) =>
            settle.lost(item, new MachineLostError(this.#call.task.name, item.losses + 1, 'machine')),
          );
        } else if (reply.t !== 'value') {
          const error = errorOf(this.#call.task.name, reply);
          fail((item) => settle.thrown(item, error));
        }
      },
      failed: (error) => {
        if (error instanceof MachineLostError) fail((item) => settle.lost(item, error));
        else if (settles && this.#isEnd(error)) settle.end(error);
        else fail((item) => settle.thrown(item, error));
      },
    });
    const { settings } = this.#call;
    this.#calls.start(request, { ...settings, signal: undefined });
    return request;
  }

  /** Whether this error concerns all items that are still to come. */
  #isEnd(error: unknown): boolean {
    return (
      error instanceof BalancerClosedError ||
      error instanceof NoMachineError ||
      error === this.#connection.failure
    );
  }

  /** @returns the length of the results */
  #settleAll(
    items: readonly Item[],
    { at, outcomes }: Extract<Reply, { t: 'chunk' }>,
    settle: Settle,
  ): number {
    let bytes = 0;
    for (const [i, outcome] of outcomes.entries()) {
      const item = items[at + i];
      if (item === undefined) break;
      bytes += this.#settleOne(item, outcome, settle);
    }
    return bytes;
  }

  #settleOne(item: Item, outcome: ChunkOutcome, settle: Settle): number {
    if (typeof outcome === 'string') {
      try {
        settle.value(item, decodeValue(outcome));
      } catch (error) {
        settle.thrown(item, error);
      }
      return outcome.length;
    }
    if ('e' in outcome) {
      settle.thrown(item, decodeThrown(outcome.e));
      return outcome.e.length;
    }
    const { maxPayload } = this.#limits;
    settle.thrown(item, new PayloadTooLargeError(this.#call.task.name, 'result', outcome.big, maxPayload));
    return 0;
  }
}
