/**
 * The ports of a machine that takes over from another one: they are free as soon as that one begins to end, which it
 * does when the other one is ready.
 */
import { errnoOf } from '../files/errno.js';
import { isAlive } from './is-machine.js';

/** Between two attempts, in ms. */
const PAUSE_MS = 50;

/** What listens at a port. */
export interface Listener {
  close(): void | Promise<void>;
}

export interface HandoverEvents<T> {
  listening(listener: T): void;
  /** The port is not to be had, after all. */
  failed(error: unknown): void;
}

export class PortHandover {
  readonly #holders = new Set<number>();
  readonly #owner: () => number | undefined;

  /**
   * @param owner the machine that is to be taken over from, as of now: while this one starts, others may take over
   *   from each other, and the port goes with that
   */
  constructor(owner: () => number | undefined) {
    this.#owner = owner;
  }

  /** @param pid a process that lets go of its ports; undefined: none */
  from(pid: number | undefined): void {
    if (pid !== undefined) this.#holders.add(pid);
  }

  /**
   * Listens at once; or as soon as the port is free, where the one before may have it. Rejects where it cannot be had.
   * @param attempt rejects where it does not listen
   */
  async listen<T extends Listener>(attempt: () => Promise<T>, events: HandoverEvents<T>): Promise<Listener> {
    // Before the attempt: the holder may let go of the port, and end, meanwhile.
    const wasHeld = this.#isHeld;
    let listener: T;
    try {
      listener = await attempt();
    } catch (error) {
      // Another machine may have taken over, and have the port, since then.
      if (!isInUse(error) || !(wasHeld || this.#isHeld)) throw error;
      return this.#listenLater(attempt, events);
    }
    events.listening(listener);
    return listener;
  }

  #listenLater<T extends Listener>(attempt: () => Promise<T>, events: HandoverEvents<T>): Listener {
    let listener: T | undefined;
    let isClosed = false;
    const again = async (): Promise<void> => {
      if (isClosed) return;
      const wasHeld = this.#isHeld;
      try {
        listener = await attempt();
        if (isClosed) await listener.close();
        else events.listening(listener);
      } catch (error) {
        if (isClosed) return;
        if (isInUse(error) && (wasHeld || this.#isHeld)) setTimeout(again, PAUSE_MS).unref();
        else events.failed(error);
      }
    };
    setTimeout(again, PAUSE_MS).unref();
    return {
      close() {
        isClosed = true;
        return listener?.close();
      },
    };
  }

  get #isHeld(): boolean {
    return [...this.#holders].some(isAlive) || this.#hasOwner();
  }

  #hasOwner(): boolean {
    try {
      return this.#owner() !== undefined;
    } catch {
      // A pid file that cannot be read is told of where it is taken.
      return false;
    }
  }
}

/** Whether somebody has the port: the error says so, or what has caused it. */
function isInUse(error: unknown): boolean {
  return [error, (error as Error).cause].some(
    (each) => each instanceof Error && errnoOf(each) === 'EADDRINUSE',
  );
}
