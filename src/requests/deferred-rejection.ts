/**
 * Resolves a promise with one of these to reject it a little later: by then somebody mostly listens, and Node
 * has not to note an unhandled rejection and forget it again, which takes longer than all the rest.
 */
export class DeferredRejection {
  readonly #error: Error;

  constructor(error: Error) {
    this.#error = error;
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise that is resolved with this calls it
  then(_resolve: unknown, reject: (error: Error) => void): void {
    reject(this.#error);
  }
}
