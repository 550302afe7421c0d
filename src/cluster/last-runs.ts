/**
 * Jobs on their last run: if one ends its machine, no other one shall be given up for it. So a machine runs one of
 * them at a time, and gives back those that come meanwhile.
 */
/** After this time there may be a machine that runs no other one, in ms. */
const BACK_MS = 100;

export class LastRuns {
  readonly #arrived: () => Promise<unknown>;
  #isOneHere = false;
  /** On their way back to the engine. */
  readonly #goingBack = new Set<Promise<never>>();

  /** @param arrived resolves when all jobs that are on their way here have come */
  constructor(arrived: () => Promise<unknown>) {
    this.#arrived = arrived;
  }

  /**
   * @param run runs the job, as soon as those that go back are gone
   * @param goBack gives the job to other machines, since another one is here; they are to get it after that time
   */
  async run<T>(run: () => Promise<T>, goBack: (ms: number) => Promise<never>): Promise<T> {
    if (this.#isOneHere) return this.#goBack(goBack(BACK_MS));
    this.#isOneHere = true;
    try {
      await this.#arrived();
      await Promise.allSettled(this.#goingBack);
      return await run();
    } finally {
      this.#isOneHere = false;
    }
  }

  async #goBack(going: Promise<never>): Promise<never> {
    this.#goingBack.add(going);
    try {
      return await going;
    } finally {
      this.#goingBack.delete(going);
    }
  }
}
