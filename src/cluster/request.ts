/** One request of a Cluster: a job of the engine, sent as often as needed. */
import type { JobsOptions } from 'bullmq';
import { performance } from '../protocol/clock.js';
import type { JobData, Reply } from './messages.js';
import type { TaskName } from './names.js';

/** What a request ends in: the reply of a machine, or an error. Called once. */
export interface Outlet {
  replied(reply: Reply): void;
  failed(error: unknown): void;
}

export class ClusterRequest {
  /** Of its job. */
  readonly id: string;
  readonly task: TaskName;
  /** The name of its queue. */
  readonly queue: string;
  readonly options: JobsOptions;
  readonly outlet: Outlet;
  /** Losses after which it is sent again. */
  readonly retries: number;
  data: JobData;
  /** When it was submitted. */
  readonly began = performance.now();
  /** The engine has taken it. */
  isSent = false;
  isSettled = false;
  /** It was settled by the reply of a machine, which is done with its job. */
  isReplied = false;
  /** The engine may have it: the answer was lost. */
  isUnsure = false;
  /** Since when the engine has not taken it; by the monotonic clock. */
  refusedSince: number | undefined;
  /** Its job was gone when it was last looked for. */
  isMissed = false;
  /** How often the engine has lost it, and machines before it was made. */
  losses: number;
  #cleanUps: (() => void)[] | undefined;
  /** When it is to be looked for. */
  lookAt = Number.POSITIVE_INFINITY;

  constructor(
    fields: Pick<ClusterRequest, 'id' | 'task' | 'queue' | 'data' | 'options' | 'outlet' | 'retries'>,
  ) {
    this.id = fields.id;
    this.task = fields.task;
    this.queue = fields.queue;
    this.data = fields.data;
    this.options = fields.options;
    this.outlet = fields.outlet;
    this.retries = fields.retries;
    this.losses = fields.data.losses ?? 0;
  }

  /** Has a function called when it is settled. */
  onSettled(cleanUp: () => void): void {
    this.#cleanUps ??= [];
    this.#cleanUps.push(cleanUp);
  }

  /** @returns whether it was not settled before */
  settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    for (const cleanUp of this.#cleanUps ?? []) cleanUp();
    this.#cleanUps = undefined;
    return true;
  }
}
