/** Whether requests that wait can expect a worker. If not, they are rejected with the reason. */

import { NoWorkerError } from '../errors/errors.js';
import { withoutOwnFrames } from '../errors/own-frame.js';
import { messageOf } from '../errors/printing.js';
import type { Circuit } from './circuit.js';

export class Availability {
  readonly #tell: (error: NoWorkerError | undefined) => void;
  #isUnavailable = false;

  /**
   * @param tell called with the error at each report while no worker is available, since workers that leave
   *   may give requests back to the queue; called with `undefined` at the first report after that
   */
  constructor(tell: (error: NoWorkerError | undefined) => void) {
    this.#tell = tell;
  }

  /**
   * @param canWait whether any worker gets requests or is being started: then they can wait, whatever the
   *   rest says
   * @param staysEmpty whether no worker will be started, and none added
   */
  report(canWait: boolean, circuit: Circuit, staysEmpty: boolean): void {
    let error: NoWorkerError | undefined;
    if (!canWait) {
      if (circuit.state !== 'closed') error = noWorker(circuit.cause);
      else if (staysEmpty) error = emptySet();
    }
    const wasUnavailable = this.#isUnavailable;
    this.#isUnavailable = error !== undefined;
    if (wasUnavailable || this.#isUnavailable) this.#tell(error);
  }
}

/** The error for a failed start. */
export function noWorker(cause: unknown): NoWorkerError {
  return withoutOwnFrames(
    new NoWorkerError(`no worker can be started: ${messageOf(cause)}${permissionHint(cause)}`, { cause }),
  );
}

function emptySet(): NoWorkerError {
  return withoutOwnFrames(
    new NoWorkerError('the set of workers is empty: add one by balancer.add() or balancer.resize()'),
  );
}

/** Names the missing flag of Node's permission model: Node 20 itself only says that access is restricted. */
function permissionHint(cause: unknown): string {
  const given = Object(cause) as Record<string, unknown>;
  const [code, permission, resource] = ['code', 'permission', 'resource'].map((name) =>
    Object.hasOwn(given, name) ? given[name] : undefined,
  );
  if (code !== 'ERR_ACCESS_DENIED') return '';
  if (permission === 'WorkerThreads') return ' (start Node with --allow-worker)';
  return permission === 'FileSystemRead' ? ` (start Node with --allow-fs-read=${resource})` : '';
}
