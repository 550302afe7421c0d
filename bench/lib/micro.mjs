/**
 * The median of one task of a finished tinybench, in ns.
 * @param {import('tinybench').Bench} bench
 * @param {string} name
 * @param {number} [callsPerRun] what is too short for the clock is called so many times in one run
 */
export function medianNanoseconds(bench, name, callsPerRun = 1) {
  const { result } = bench.getTask(name);
  if (result.state === 'errored') throw result.error;
  if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
  return (result.latency.p50 * 1e6) / callsPerRun;
}
