/** Who has gone silent: pings workers that idle, and compares counts that the others keep anyway. */
import type { Worker } from '../worker/worker.js';
import { Heartbeat } from './heartbeat.js';

/** Looks within the limit; see `Heartbeat`. */
const LOOKS = 4;

interface Patient {
  readonly heartbeat: Heartbeat;
  /** The count of beats when it was pinged; `undefined`: it owes no answer. */
  pingedAt: number | undefined;
}

export class Liveness {
  readonly #limit: number;
  readonly #whileRunning: boolean;
  readonly #patients = new Map<number, Patient>();

  /**
   * @param limit how long a worker that owes a sign of life may be silent, in ms
   * @param whileRunning whether a running request is no excuse
   */
  constructor(limit: number, whileRunning: boolean) {
    this.#limit = limit;
    this.#whileRunning = whileRunning;
  }

  /** How often to look, in ms. */
  get pace(): number {
    return this.#limit / LOOKS;
  }

  /** Looks at all workers; returns those that have been silent for too long. */
  look(workers: Iterable<Worker>, now: number): Worker[] {
    const silent: Worker[] = [];
    for (const worker of workers) {
      let patient = this.#patients.get(worker.id);
      if (patient === undefined) {
        patient = { heartbeat: new Heartbeat(this.#limit, now), pingedAt: undefined };
        this.#patients.set(worker.id, patient);
      }
      const owes = this.#owes(worker, patient);
      if (patient.heartbeat.look(now, { count: progressOf(worker), owes }) === 'silent') silent.push(worker);
    }
    return silent;
  }

  /** The worker is no more. */
  forget(id: number): void {
    this.#patients.delete(id);
  }

  /**
   * A worker that runs nothing owes the answer to a ping, or the start of a request. One that runs a request looks the same whether it
   * computes or hangs: it owes nothing, unless the option says so.
   */
  #owes(worker: Worker, patient: Patient): boolean {
    if (worker.runningRequest !== undefined && !this.#whileRunning) {
      patient.pingedAt = undefined;
      return false;
    }
    if (patient.pingedAt === undefined || worker.beats !== patient.pingedAt) {
      patient.pingedAt = worker.beats;
      worker.ping();
    }
    return true;
  }
}

/** Of a worker that is to start a request only that counts: its event loop may turn, and answer, although its work loop has come to an end. */
function progressOf(worker: Worker): number {
  return worker.view.pending > 0 && worker.runningRequest === undefined ? worker.claims : worker.progress;
}
