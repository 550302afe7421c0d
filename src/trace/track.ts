/** The track of a worker: where its slices may lie. Times are in tenths of a µs. */

/** A run that has been begun in the file, since it takes long. Runs before it may still be told of. */
export interface Begun {
  /** Id of its request. */
  readonly id: number;
  readonly at: number;
}

export class Track {
  /** Its id in the file. */
  readonly tid: number;
  /** End of the last slice: rounding must not make two overlap. */
  #end = 0;
  begun: Begun | undefined = undefined;

  constructor(tid: number) {
    this.tid = tid;
  }

  get end(): number {
    return this.#end;
  }

  /** Where a slice begins that is said to begin then. */
  begin(at: number): number {
    return Math.max(at, this.#end);
  }

  /** Ends the slice that begins there. @returns where it ends */
  close(begin: number, end: number): number {
    const last = Math.max(end, begin);
    this.#end = last;
    return last;
  }

  /** Ends a slice before the one that has been begun. @returns where it ends */
  closeBefore(begun: Begun, begin: number, end: number): number {
    return this.close(begin, Math.min(end, begun.at));
  }

  /** The thread has ended. @returns the run that it was in */
  clear(): Begun | undefined {
    const { begun } = this;
    this.begun = undefined;
    this.#end = 0;
    return begun;
  }
}
