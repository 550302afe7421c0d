/** Whether there is hope for a request that waits; if not, requests are refused with the reason. */

import { NoWorkerError } from '../errors/errors.js';
import type { Circuit } from './circuit.js';

export class Availability {
  readonly #tell: (error: NoWorkerError | undefined) => void;
  #isLost = false;

  /** @param tell called with the reason as long as hope is lost, since requests may come back from workers that leave; with `undefined` when there is some again */
  constructor(tell: (error: NoWorkerError | undefined) => void) {
    this.#tell = tell;
  }

  /**
   * @param hasWorking whether anybody gets requests; then there is
   * @param staysEmpty whether nobody is to be started, and nobody will be added to the set
   */
  look(hasWorking: boolean, circuit: Circuit, staysEmpty: boolean): void {
    let error: NoWorkerError | undefined;
    if (!hasWorking) {
      if (circuit.state !== 'closed') error = noWorker(circuit.cause);
      else if (staysEmpty) error = emptySet();
    }
    const isLost = error !== undefined;
    if (!isLost && !this.#isLost) return;
    this.#isLost = isLost;
    this.#tell(error);
  }
}

/** That none can be started, for this reason. */
export function noWorker(cause: unknown): NoWorkerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new NoWorkerError(`no worker can be started: ${why}${permissionHint(cause)}`, { cause });
}

function emptySet(): NoWorkerError {
  return new NoWorkerError('the set of workers is empty: add one by balancer.add() or balancer.resize()');
}

/** Which flag of Node's permission model is missing: Node 20 itself only says that access is restricted. */
function permissionHint(cause: unknown): string {
  const { code, permission, resource } = (cause ?? {}) as Record<string, unknown>;
  if (code !== 'ERR_ACCESS_DENIED') return '';
  if (permission === 'WorkerThreads') return ' (start Node with --allow-worker)';
  return permission === 'FileSystemRead' ? ` (start Node with --allow-fs-read=${resource})` : '';
}
