/**
 * The states of a worker.
 *
 *     starting ──→ checking ──→ ready ──→ draining ──→ ejected ──→ dead
 *
 * A thread that needs no check is `ready` at once. Each state may be followed by `dead`, and by `ejected`
 * once the thread has come up.
 */

/**
 * - `starting`: its thread is coming up
 * - `checking`: its thread is up and runs the start-up check (`pool/startup.ts`)
 * - `ready`: the policy may select it
 * - `draining`: it finishes the requests that it has started, and those of its sessions
 * - `ejected`: taken out as broken; it finishes the running request at most, and its sessions move
 * - `dead`: its thread has ended
 */
export const WORKER_TRANSITIONS = {
  starting: ['checking', 'ready', 'dead'],
  checking: ['ready', 'ejected', 'dead'],
  ready: ['draining', 'ejected', 'dead'],
  draining: ['ejected', 'dead'],
  ejected: ['dead'],
  dead: [],
} as const satisfies Record<string, readonly string[]>;

export type WorkerState = keyof typeof WORKER_TRANSITIONS;
