/** Everything that a worker is made from. */

import type { ThreadSettings } from '../options/thread.js';
import type { ModuleAddress } from '../protocol/messages.js';
import type { Prefetch } from './prefetch.js';
import type { OutputSink } from './task-output.js';

/** Limits of a window. A window that is empty takes one request, however large. */
export interface WindowLimits {
  /** Most requests. */
  readonly depth: number;
  /** Most expected work. */
  readonly prefetch: Prefetch;
  /** Most bytes of arguments. */
  readonly bytes: number;
}

export interface WorkerSetup {
  readonly id: number;
  /** By this policies that hash tell workers apart; its successor gets the same one. */
  readonly label: string;
  readonly weight: number;
  /**
   * Number of its place, from 0 and below the number of places: its successor gets the same one, also while
   * it still leaves itself.
   */
  readonly slot: number;
  /** How many threads were started in its place before. */
  readonly restarts: number;
  readonly limits: WindowLimits;
  readonly bell: SharedArrayBuffer;
  readonly spin: number;
  readonly spinners: SharedArrayBuffer;
  readonly preload: readonly ModuleAddress[];
  /** No other worker is ready: requests may be sent to it while it is still coming up. */
  readonly isAwaited: boolean;
  readonly watchHeap: boolean;
  /** How long the `teardown` of its modules may take, in ms; `Infinity`: no limit. */
  readonly teardownLimit: number;
  /**
   * Most requests that it gets, those of sessions that stay when it drains not counted; `Infinity`: no limit.
   */
  readonly maxRequests: number;
  /** Name of the Balancer, for those of the threads. */
  readonly name: string;
  readonly output: OutputSink;
  readonly thread: ThreadSettings;
}
