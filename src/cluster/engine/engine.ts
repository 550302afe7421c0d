/** The engine as the rest of the cluster sees it: queues and workers of BullMQ, and mailboxes. */
import type { Job, Queue, Worker, WorkerOptions } from 'bullmq';
import type { MalformedMessageError } from '../errors.js';
import type { NewJob } from './job-entry.js';

export type Processor = (job: Job, token: string | undefined) => Promise<unknown>;

/** Called with each message, in the order in which one sender has sent them. */
export type OnMail = (text: string) => void;

/** Messages to one submitter or machine. They are kept until it has taken them. */
export interface Mailbox {
  /** Since when the engine refuses to give what is in it, by the monotonic clock; `undefined`: it does not. */
  readonly refusedSince: number | undefined;
  /** Takes no more. The messages that are there stay. */
  close(): Promise<void>;
}

/** What was left of a job. */
export interface Cleared {
  /** A machine holds its lock: nothing was thrown away. */
  readonly isHeld: boolean;
  /** It was no job any more. */
  readonly stranger?: MalformedMessageError;
}

export interface Engine {
  /** Resolves when it has answered; rejects where it refuses, or cannot be set up. */
  ready(): Promise<void>;
  /** What keeps commands from being sent, as far as is known. */
  readonly congestion: string | undefined;
  /** Resolves when it has answered. */
  ping(): Promise<unknown>;
  /**
   * Where locks go by the clocks of the machines: rejects if that of this host differs from the engine's.
   * @param most how much it may, in ms
   */
  compareClocks(most: number): Promise<void>;
  /** The queue of that name: one object, on a connection that all share. */
  queue(name: string): Queue;
  /** Adds jobs to a queue, in that order. Rejects where it is not known whether all have been added. */
  add(queue: string, jobs: readonly NewJob[]): Promise<void>;
  /**
   * Throws away what is left of a job whose state is unknown: it would keep the job from being added again.
   */
  clear(queue: string, id: string): Promise<Cleared>;
  /** Throws away what is kept of a job, whoever may hold it: the next machine that is given it lets it go. */
  discard(queue: string, id: string): Promise<void>;
  /** Sees to it that the lock of a job runs out where nobody renews it, and that lost jobs are looked for. */
  expireLock(queue: string, id: string): Promise<void>;
  worker(name: string, processor: Processor, options: Partial<WorkerOptions>): Worker;
  openMailbox(id: string, onMail: OnMail): Mailbox;
  /** What `send` has been called with is done before what a worker is told to do later. */
  readonly sendsInOrder: boolean;
  /** Puts messages into somebody's mailbox. Rejects where that may not have been done. */
  send(id: string, texts: readonly string[]): Promise<void>;
  /**
   * Ids of the messages in a mailbox that have not been handed on. `undefined`: messages are handed on in the order
   * in which they came.
   */
  unread(id: string): Promise<readonly string[] | undefined>;
  /** Keeps one's mailbox, which is thrown away when nobody has cared for a long time. */
  keepMailbox(id: string): Promise<void>;
  /** Throws a mailbox away, with what is in it. */
  removeMailbox(id: string): Promise<void>;
  /**
   * Closes all connections. Never rejects, and takes no longer than a few seconds where the engine is gone.
   */
  close(): Promise<void>;
}

/** Errors of connections, which are tried again; and of anything that concerns no one request. */
export type OnEngineError = (error: Error) => void;

/**
 * Whether an error of a worker is none: BullMQ renews locks of jobs that have just been completed, and tells
 * that, and of locks that were lost, in other events, too.
 */
export function isOfLocks(error: Error): boolean {
  return /^could not renew lock for job/.test(error.message);
}

/**
 * Stops the timer by which a worker renews its locks. A worker whose connection is gone while it is being
 * closed waits for it for ever, and its timer would hold the process.
 */
export function stopRenewing(worker: Worker): void {
  const { lockManager } = worker as unknown as { readonly lockManager?: { close(): Promise<void> } };
  lockManager?.close().catch(() => {});
}

/** Entries of a queue's stream of events: nobody here listens, and results are not in them. */
export const EVENTS_KEPT = 100;
/** A mailbox that nobody has cared for in this time is thrown away, in ms. */
export const MAILBOX_MS = 600_000;
/** Time that closing a connection may take, in ms. */
export const CLOSE_MS = 3_000;
