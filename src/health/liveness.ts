/** Finds silent workers: pings those that idle, and compares the progress counts of the others. */
import type { Worker } from '../worker/worker.js';
import { Heartbeat } from './heartbeat.js';

/** Looks within the limit; see `Heartbeat`. */
const LOOKS = 4;

interface Watched {
  readonly heartbeat: Heartbeat;
  /** The worker's count of beats when it was pinged; `undefined`: it owes no answer. */
  pingedAt: number | undefined;
}

export class Liveness {
  readonly #limit: number;
  readonly #whileRunning: boolean;
  readonly #watched = new Map<number, Watched>();

  /**
   * @param limit how long a worker that owes progress may be silent, in ms
   * @param whileRunning whether a worker that runs a request owes progress, too
   */
  constructor(limit: number, whileRunning: boolean) {
    this.#limit = limit;
    this.#whileRunning = whileRunning;
  }

  /** How often to look, in ms. */
  get pace(): number {
    return this.#limit / LOOKS;
  }

  /** Looks at all workers; returns those that have been silent for too long. O(workers). */
  look(workers: Iterable<Worker>, now: number): Worker[] {
    const silent: Worker[] = [];
    for (const worker of workers) {
      let watched = this.#watched.get(worker.id);
      if (watched === undefined) {
        watched = { heartbeat: new Heartbeat(this.#limit, now), pingedAt: undefined };
        this.#watched.set(worker.id, watched);
      }
      const owes = this.#askForProgress(worker, watched);
      if (watched.heartbeat.look(now, { count: progressOf(worker), owes }) === 'silent') silent.push(worker);
    }
    return silent;
  }

  /** The worker's thread has ended. */
  forget(id: number): void {
    this.#watched.delete(id);
  }

  /**
   * Pings a worker that has answered the ping before. Returns whether it owes progress: the answer, or the
   * start of a request. A worker that runs a request looks the same whether it computes or hangs: it owes
   * progress only where the option says so.
   */
  #askForProgress(worker: Worker, watched: Watched): boolean {
    if (worker.runningRequest !== undefined && !this.#whileRunning) {
      watched.pingedAt = undefined;
      return false;
    }
    if (watched.pingedAt === undefined || worker.vitalSigns.beats !== watched.pingedAt) {
      watched.pingedAt = worker.vitalSigns.beats;
      worker.commands.ping();
    }
    return true;
  }
}

/**
 * Where a worker has to start a request only claims count: its event loop may answer pings although its work
 * loop has ended.
 */
function progressOf({ view, runningRequest, vitalSigns }: Worker): number {
  return view.pending > 0 && runningRequest === undefined ? vitalSigns.claims : vitalSigns.progress;
}
