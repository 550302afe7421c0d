/**
 * The first threads of a Balancer. They are started before anything else is made, and before most of the
 * library is loaded: a thread takes some ten ms to come up, on another core.
 */
import { availableCores } from '../options/cpu-quota.js';
import { type Launched, type LaunchOrder, type LaunchSettings, launch } from '../worker/launch.js';

/**
 * Most threads that are started so: more would not give the first result sooner, and what is loaded meanwhile
 * needs file descriptors, too.
 */
const MOST = 4;

/** The main thread loads the rest of the library meanwhile, and has a core for that. */
const spareCores = (): number => Math.max(1, availableCores() - 1);

export class HeadStart {
  readonly settings: LaunchSettings;
  /** In the order of their ids, from 1. */
  readonly #launched: Launched[] = [];
  #taken = 0;

  /**
   * @param workers how many workers the Balancer begins with
   * @throws Error not even the first thread can be made. The pool tries later for the others, as for any
   *   that it starts
   */
  constructor(settings: LaunchSettings, workers: number) {
    this.settings = settings;
    const count = Math.min(workers, spareCores(), MOST);
    for (let slot = 0; slot < count; slot++) {
      try {
        this.#launched.push(launch(settings, { id: slot + 1, slot, isAwaited: true, restarts: 0 }));
      } catch (error) {
        if (slot === 0) throw error;
        break;
      }
    }
  }

  /** The thread that was started by that order, if there is one. They are taken in order, each once. */
  take({ id, slot, isAwaited }: Omit<LaunchOrder, 'restarts'>): Launched | undefined {
    const isNext =
      isAwaited && id === this.#taken + 1 && slot === this.#taken && slot < this.#launched.length;
    return isNext ? this.#launched[this.#taken++] : undefined;
  }

  /** Ends the threads that nobody has taken. */
  end(): void {
    for (const { thread } of this.#launched.splice(this.#taken)) void thread.terminate();
  }
}
