/** A Cluster as `runBatch` uses it: results come as texts. */
import type { TextMapper, Texts } from '../../batch/remote.js';
import type { MapOutcome } from '../../options/outcome.js';
import type { AnyTask } from '../../tasks/signatures.js';
import type { Call, Calls } from '../calls.js';
import type { Connection } from '../connection.js';
import { MachineLostError } from '../errors.js';

type Map = (source: AsyncIterable<unknown>, call: Call, signal: AbortSignal) => AsyncIterable<unknown>;

export class ClusterTexts implements TextMapper {
  readonly #calls: Calls;
  readonly #connection: Connection;
  readonly #map: Map;

  constructor(calls: Calls, connection: Connection, map: Map) {
    this.#calls = calls;
    this.#connection = connection;
    this.#map = map;
  }

  mustBeRemote(task: (item: never) => unknown): void {
    this.#calls.prepare(task as AnyTask, undefined);
  }

  /** By a chunk without items. */
  served(task: (item: never) => unknown): Promise<void> {
    const { failure } = this.#connection;
    if (failure !== undefined) return Promise.reject(failure);
    const call = this.#call(task, 0);
    return new Promise((resolve, reject) => {
      const request = this.#calls.chunk(call, '[]', 0, 0, {
        replied: () => resolve(),
        // Who is lost was there.
        failed: (error) => (error instanceof MachineLostError ? resolve() : reject(error)),
      });
      this.#calls.start(request, call.settings);
    });
  }

  map(
    source: AsyncIterable<unknown>,
    task: (item: never) => unknown,
    { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
  ): AsyncIterable<MapOutcome<unknown, Texts>> {
    return this.#map(source, this.#call(task, timeout), signal) as AsyncIterable<MapOutcome<unknown, Texts>>;
  }

  #call(task: (item: never) => unknown, timeout: number): Call {
    const call = this.#calls.prepare(task as AnyTask, timeout > 0 ? { timeout } : undefined);
    return { ...call, texts: true };
  }
}
