/** What a service is told by signals. */
export class Signals {
  /** Resolves with the first signal that ends it. */
  readonly ended: Promise<undefined>;
  /** Called by each further one. */
  onHurry: (() => void) | undefined;
  hasEnded = false;
  #first: NodeJS.Signals | undefined;
  #onReload: (() => void) | undefined;
  /** HUP has come before anybody could load anything anew. */
  #mustReload = false;

  /** @param onRotate HUP: at any time, also while it starts or ends */
  constructor(onRotate: () => void) {
    this.ended = new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.on(signal, () => {
          if (this.hasEnded) this.onHurry?.();
          this.hasEnded = true;
          this.#first ??= signal;
          resolve(undefined);
        });
      }
    });
    process.on('SIGHUP', () => {
      onRotate();
      // What is ending loads nothing anew.
      if (this.hasEnded) return;
      if (this.#onReload === undefined) this.#mustReload = true;
      else this.#onReload();
    });
  }

  /** Called at HUP; now, if that has come before. */
  set onReload(reload: () => void) {
    this.#onReload = reload;
    if (this.#mustReload && !this.hasEnded) reload();
  }

  /**
   * Ends the process by the signal that it got. `process.exit` would wait for its threads, of which one that loads a
   * module may be blocked in a read.
   */
  die(): void {
    if (this.#first === undefined) return;
    process.removeAllListeners(this.#first);
    process.kill(process.pid, this.#first);
  }
}
