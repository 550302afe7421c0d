/**
 * The channels of `node:diagnostics_channel` on which a Balancer publishes what happens. Their names are part
 * of the public interface.
 *
 * | channel | message | when |
 * |---|---|---|
 * | `tracing:leastwork:request:start`, `…:end` | `RequestMessage` | in `submit`: before the request is queued, and after |
 * | `tracing:leastwork:request:asyncStart`, `…:asyncEnd` | the same object | its promise is settled |
 * | `tracing:leastwork:request:error` | the same object | likewise, before `asyncStart`, if it is rejected |
 * | `leastwork:worker:start` | `WorkerStartMessage` | a worker gets requests from now on |
 * | `leastwork:worker:end` | `WorkerEndMessage` | a thread has ended |
 * | `leastwork:worker:ejection` | `WorkerEjectionMessage` | a worker was taken out as broken |
 * | `leastwork:queue:full` | `QueueFullMessage` | a request was refused, since the queue is full |
 */
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { performance } from '../protocol/clock.js';
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
  type Thrown,
} from './observer.js';
import type { RequestOutcome } from './outcome.js';

/**
 * A request on the channels: one object from its start to its end, in which fields come in as they are known.
 */
export interface RequestMessage {
  /** Name of the Balancer. */
  readonly balancer: string;
  /** Unique among the unsettled requests of the Balancer. */
  readonly id: number;
  /** The function's name, or `file.js#export`. */
  readonly task: string;
  readonly priority: number;
  /** How many items of a `map` travel in it; 1 for any other. */
  readonly items: number;
  /** Times are ms of `performance.now()` in the thread of the Balancer. */
  readonly queuedAt: number;
  /** Id of the worker that has run it. */
  worker?: number;
  startedAt?: number;
  endedAt?: number;
  /** From submit to the start of the run, in ms. */
  waitTime?: number;
  /** In ms. */
  runTime?: number;
  outcome?: RequestOutcome;
  /** What its promise is rejected with. */
  error?: unknown;
}

export interface WorkerStartMessage {
  readonly balancer: string;
  readonly worker: number;
  readonly label: string;
}

export interface WorkerEndMessage {
  readonly balancer: string;
  readonly worker: number;
  readonly exitCode: number | undefined;
  /** The uncaught error, where there was one. */
  readonly cause: unknown;
  /** Whether the Balancer ended it. */
  readonly expected: boolean;
}

export interface WorkerEjectionMessage {
  readonly balancer: string;
  readonly worker: number;
  readonly reason: string;
}

export interface QueueFullMessage {
  readonly balancer: string;
  readonly maxQueue: number;
  readonly waiting: number;
}

const requests = tracingChannel('leastwork:request');
const { start, end, asyncStart, asyncEnd, error } = requests;
const workerStart = channel('leastwork:worker:start');
const workerEnd = channel('leastwork:worker:end');
const workerEjection = channel('leastwork:worker:ejection');
const queueFull = channel('leastwork:queue:full');

/**
 * Whether anybody listens to requests. Node 20 has no `hasSubscribers` of the whole. Measured (Node 20): 0.5
 * ns.
 */
export function requestsAreHeard(): boolean {
  return (
    start.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers ||
    asyncStart.hasSubscribers ||
    end.hasSubscribers
  );
}

/** Publishes what happens in one Balancer. */
export class ChannelObserver extends IdleObserver {
  readonly #balancer: string;
  readonly #call: (publish: () => void) => void;
  /** By the id of the request. */
  readonly #messages = new Map<number, RequestMessage>();
  /** What is to be published next. */
  #message: RequestMessage | undefined;
  /** One function each for all requests: one for each request would be garbage a moment later. */
  readonly #publishStart = (): void => {
    // A subscriber may submit a request.
    const message = this.#message;
    start.publish(message);
    end.publish(message);
  };
  readonly #publishEnd = (): void => {
    const message = this.#message;
    if (message !== undefined && 'error' in message) error.publish(message);
    asyncStart.publish(message);
    asyncEnd.publish(message);
  };

  /** @param call calls subscribers: code of the program, in the middle of our own work */
  constructor(balancer: string, call: (publish: () => void) => void) {
    super();
    this.#balancer = balancer;
    this.#call = call;
  }

  /** Whether it waits for the end of requests whose start it has published. */
  get isWaiting(): boolean {
    return this.#messages.size > 0;
  }

  override submitted(request: ObservedRequest): void {
    if (!requestsAreHeard()) return;
    const message: RequestMessage = {
      balancer: this.#balancer,
      id: request.id,
      task: request.task.name,
      priority: request.priority,
      items: request.items,
      queuedAt: request.queuedAt ?? performance.now(),
    };
    this.#messages.set(request.id, message);
    this.#message = message;
    this.#call(this.#publishStart);
  }

  override ran(request: ObservedRequest, worker: ObservedWorker, { startedAt, runTime }: ObservedRun): void {
    const message = this.#messages.get(request.id);
    if (message === undefined) return;
    message.worker = worker.id;
    message.startedAt = startedAt;
    message.endedAt = startedAt + runTime;
    message.waitTime = startedAt - message.queuedAt;
    message.runTime = runTime;
  }

  override settled(request: ObservedRequest, outcome: RequestOutcome, thrown: Thrown | undefined): void {
    const message = this.#messages.get(request.id);
    if (message === undefined) return;
    this.#messages.delete(request.id);
    message.outcome = outcome;
    if (message.startedAt === undefined) this.#note(message, request);
    if (thrown !== undefined) message.error = thrown.error;
    this.#message = message;
    this.#call(this.#publishEnd);
  }

  override workerStarted({ id, label }: { readonly id: number; readonly label: string }): void {
    if (!workerStart.hasSubscribers) return;
    const message: WorkerStartMessage = { balancer: this.#balancer, worker: id, label };
    this.#call(() => workerStart.publish(message));
  }

  override workerEnded({ id, ...rest }: Parameters<IdleObserver['workerEnded']>[0]): void {
    if (!workerEnd.hasSubscribers) return;
    const message: WorkerEndMessage = { balancer: this.#balancer, worker: id, ...rest };
    this.#call(() => workerEnd.publish(message));
  }

  override workerEjected({ id, reason }: { readonly id: number; readonly reason: string }): void {
    if (!workerEjection.hasSubscribers) return;
    const message: WorkerEjectionMessage = { balancer: this.#balancer, worker: id, reason };
    this.#call(() => workerEjection.publish(message));
  }

  override queueFull(queue: { readonly maxQueue: number; readonly waiting: number }): void {
    if (!queueFull.hasSubscribers) return;
    const message: QueueFullMessage = { balancer: this.#balancer, ...queue };
    this.#call(() => queueFull.publish(message));
  }

  /** It is settled while it runs, or before. */
  #note(message: RequestMessage, request: ObservedRequest): void {
    const { worker, startedAt } = request;
    if (worker === undefined || startedAt === undefined) return;
    message.worker = worker.id;
    message.startedAt = startedAt;
    message.waitTime = startedAt - message.queuedAt;
  }
}
