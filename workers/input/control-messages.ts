/** Carries out the messages of the main thread. Arguments have a port of their own: see `arguments.ts`. */
import { decodeFailure } from '../../src/errors/failure.js';
import type { ToWorker } from '../../src/protocol/messages.js';
import type { ThreadStatus } from '../../src/protocol/thread-status.js';
import type { Functions } from '../functions/functions.js';
import type { CurrentRequest } from '../loop/current-request.js';
import type { Delivery } from '../loop/delivery.js';
import type { WorkerChannel } from '../loop/send.js';
import type { Profiler } from '../profiler.js';
import type { Stream } from '../stream.js';
import type { ArgumentSignals } from './argument-signals.js';
import type { Arguments } from './arguments.js';
import type { SharedBuffers } from './shared-buffers.js';

/** The parts of the thread that messages are about. */
export interface ThreadParts {
  readonly functions: Functions;
  readonly shares: SharedBuffers;
  readonly arguments: Arguments;
  readonly signals: ArgumentSignals;
  readonly current: CurrentRequest;
  readonly delivery: Delivery;
  readonly stream: Stream;
  readonly profiler: Profiler;
  readonly status: ThreadStatus;
  readonly channel: WorkerChannel;
}

export class ControlMessages {
  readonly #parts: ThreadParts;
  #isRetiring = false;

  constructor(parts: ThreadParts) {
    this.#parts = parts;
  }

  /** Whether the thread must end when its window is empty. */
  get isRetiring(): boolean {
    return this.#isRetiring;
  }

  carryOut(message: ToWorker): void {
    const { functions, shares, signals, current, stream, status, channel } = this.#parts;
    switch (message.type) {
      case 'define':
        functions.define(message.definition);
        break;
      case 'forget':
        functions.forget(message.ids);
        this.#parts.delivery.forgetTasks(message.ids);
        break;
      case 'tally':
        this.#parts.delivery.countIn(message.task, message.memory);
        break;
      case 'share':
        shares.add(message.number, message.buffer);
        break;
      case 'results':
        this.#parts.delivery.useMemory(message.buffer);
        break;
      case 'unshare':
        shares.forget(message.numbers);
        break;
      case 'drop':
        this.#parts.arguments.drop(message.sendings);
        signals.drop(message.sendings);
        break;
      case 'abort':
        current.abort(message.id, decodeFailure(message.reason));
        // The stream may wait for a caller who takes no more.
        stream.return(message.id);
        break;
      case 'signal':
        signals.abort(message);
        break;
      case 'credit':
        stream.credit(message.id, message.values);
        break;
      case 'return':
        stream.return(message.id);
        break;
      case 'ping':
        status.beat();
        break;
      case 'call':
        channel.send({ type: 'here' });
        break;
      case 'profile':
        this.#parts.profiler.start(message.number, message.interval);
        break;
      case 'endProfile':
        this.#parts.profiler.stop(message.number);
        break;
      case 'retire':
        this.#isRetiring = true;
        break;
      case 'ring':
        break;
    }
  }
}
