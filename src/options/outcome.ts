/** What `map` and `mapSettled` give: types only. */

/** What has become of one item of `mapSettled`. */
export type MapOutcome<T, R> =
  | { readonly status: 'fulfilled'; readonly index: number; readonly item: T; readonly value: R }
  | { readonly status: 'rejected'; readonly index: number; readonly item: T; readonly reason: unknown };

/** The results of `map`. */
export interface MapResults<T, R> extends AsyncIterableIterator<R> {
  /**
   * The item whose failure has ended the iteration: the error that was thrown is the task's own, whatever
   * that is. An error that is an object and has nothing under these names has `index` and `item` itself, too.
   * `undefined`: none has failed.
   */
  readonly failed: { readonly index: number; readonly item: T } | undefined;
}
