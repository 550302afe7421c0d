/** The requests behind a map: one for each chunk, and for each item that runs again. */
import { BalancerClosedError } from '../../errors/errors.js';
import type { Call, Calls } from '../calls.js';
import { errorOf } from '../calls.js';
import type { Connection } from '../connection.js';
import type { Entry } from '../directory-entry.js';
import { EngineError, MachineLostError, NoMachineError, PayloadTooLargeError } from '../errors.js';
import type { Reply } from '../messages.js';
import type { ClusterRequest } from '../request.js';
import { encodeValue } from '../values/encode.js';
import { type OutcomeReceiver, readOutcome } from '../values/outcomes.js';
import { type Chunk, offsetIn, type Parcel } from './chunk.js';

/** Machines that may be lost with one item; as for any request. */
const MOST_LOSSES = 3;

/** What becomes of the items of a request. */
export interface Settle {
  /** All of them. @param values become the chunk's */
  values(chunk: Chunk, values: unknown[]): void;
  value(chunk: Chunk, offset: number, value: unknown): void;
  thrown(chunk: Chunk, offset: number, error: unknown): void;
  /** @param makeError for one that does not run again, after so many losses */
  lost(chunk: Chunk, offsets: readonly number[], makeError: (losses: number) => unknown): void;
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
  send(parcel: Parcel, settle: Settle, settles: boolean): ClusterRequest {
    const { chunk, offsets, count } = parcel;
    // Outcomes come in order. Those that are there may have items wait for another run.
    let answered = 0;
    let bytes = 0;
    const unanswered = (): number[] =>
      Array.from({ length: count - answered }, (_, i) => offsetIn(parcel, answered + i));
    const fellShort = (error: unknown): void => {
      for (const offset of unanswered()) settle.thrown(chunk, offset, error);
      settle.over(request);
    };
    const lost = (what: 'machine' | 'engine'): void => {
      settle.lost(chunk, unanswered(), (losses) => new MachineLostError(name, losses, what));
      settle.over(request);
    };
    // The same for all items of a parcel.
    const losses = chunk.lossesOf(offsetIn(parcel, 0));
    const { name } = this.#call.task;
    const request = this.#calls.chunk(this.#call, chunk.textOf(offsets), count, losses, {
      replied: (reply) => {
        if (reply.t === 'chunk') {
          if (reply.at === answered) {
            bytes += reply.length;
            answered += this.#settleAll(parcel, reply, settle);
          }
          if (!reply.done) return;
          settle.ran(count, reply.ms, bytes);
          if (answered === count) settle.over(request);
          else fellShort(new EngineError(`the reply to a chunk of '${name}' is not complete`));
        } else if (reply.t === 'lost') lost('machine');
        else if (reply.t !== 'value') fellShort(errorOf(name, reply));
        else fellShort(new EngineError(`the reply to a chunk of '${name}' is that to a single request`));
      },
      failed: (error) => {
        if (error instanceof MachineLostError) lost('engine');
        else if (settles && this.#isEnd(error)) settle.end(error);
        else fellShort(error);
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

  /** @returns the number of outcomes */
  #settleAll(
    parcel: Parcel,
    { at, outcomes, count: given, hasTags }: Extract<Reply, { t: 'chunk' }>,
    settle: Settle,
  ): number {
    const { chunk, count, offsets } = parcel;
    if (!hasTags && at === 0 && offsets === undefined && given === count) {
      for (let i = 0; i < outcomes.length; i++) if (outcomes[i] === null) outcomes[i] = undefined;
      settle.values(chunk, outcomes);
      return count;
    }
    const receiver: OutcomeReceiver<number> = {
      value: (offset, value) => settle.value(chunk, offset, value),
      thrown: (offset, error) => settle.thrown(chunk, offset, error),
      tooLarge: (offset, bytes) => {
        const { maxPayload } = this.#limits;
        const error = new PayloadTooLargeError(this.#call.task.name, 'result', bytes, maxPayload);
        settle.thrown(chunk, offset, error);
      },
    };
    const end = Math.min(given, count - at);
    for (let i = 0; i < end; i++)
      readOutcome(outcomes[i] ?? null, hasTags, offsetIn(parcel, at + i), receiver);
    return end;
  }
}
