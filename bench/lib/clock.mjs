/** Monotonic time in ms, the same in every thread; `performance.now` has an origin per thread. */
export function clock() {
  return Number(process.hrtime.bigint()) / 1e6;
}
