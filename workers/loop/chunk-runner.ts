/** Chunks in the work loop: from the claimed slot to the published completion. */
import type { ChunkPayload } from '../../src/protocol/messages.js';
import type { Window } from '../../src/protocol/window.js';
import type { TaskFunction } from '../functions/task-function.js';
import { inContextOf } from '../restored-context.js';
import { type ChunkHost, runChunk } from './chunk.js';
import type { CurrentRequest } from './current-request.js';
import type { Delivery } from './delivery.js';
import type { Preparation } from './preparation.js';
import type { WorkerChannel } from './send.js';
import type { Turns } from './turns.js';

/** The parts of the work loop that chunks need. */
export interface ChunkRunnerHost {
  readonly window: Window;
  readonly channel: WorkerChannel;
  readonly current: CurrentRequest;
  readonly turns: Turns;
  readonly delivery: Delivery;
  readonly preparation: Preparation;
  /** A completion has been published. */
  completed(start: number, end: number): void;
  /** Completes a chunk whose queue time was over before any item could start. */
  expire(position: number, id: number): void;
}

export class ChunkRunner {
  readonly #host: ChunkRunnerHost;

  constructor(host: ChunkRunnerHost) {
    this.#host = host;
  }

  /**
   * Runs the chunk of a claimed request. Throws only if it cannot be read, or is overdue then.
   * @param sending number of the message with its items
   * @param due until when it must have started, as for `isOver`
   * @returns `undefined`: it is over already
   */
  run(
    position: number,
    id: number,
    sending: number,
    due: number,
    task: TaskFunction | Promise<TaskFunction>,
    start: number,
  ): Promise<void> | undefined {
    const { window, channel, current, turns, delivery, preparation, completed, expire } = this.#host;
    const { values, context, carrier } = preparation.read(sending, due);
    const host: ChunkHost = {
      window,
      channel,
      current,
      turns,
      sent: () => delivery.sent(),
      flushOutput: () => delivery.flushOutput(),
      over: (failed, since, end) => {
        delivery.result(position, id, failed, end - since);
        current.leave();
        completed(since, end);
      },
      expired: () => {
        current.leave();
        expire(position, id);
      },
    };
    current.enter();
    const loaded = typeof task === 'function' ? task : preparation.whenLoaded(id, task);
    return runChunk(
      host,
      inContextOf(carrier, loaded),
      { id, payload: values[0] as ChunkPayload, context },
      start,
    );
  }
}
