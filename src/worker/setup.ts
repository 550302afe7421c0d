/** Everything that a worker is made from. */

import type { Launched, LaunchOrder, LaunchSettings } from './launch.js';
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

export interface WorkerSetup extends LaunchOrder {
  /** By this policies that hash tell workers apart; its successor gets the same one. */
  readonly label: string;
  readonly weight: number;
  /** How many threads were started in its place before. */
  readonly restarts: number;
  readonly limits: WindowLimits;
  readonly launch: LaunchSettings;
  /** Its thread, where that is started already. */
  readonly launched: Launched | undefined;
  /**
   * Most requests that it gets, those of sessions that stay when it drains not counted; `Infinity`: no limit.
   */
  readonly maxRequests: number;
  readonly output: OutputSink;
}
