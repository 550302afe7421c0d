/**
 * Passes the output of threads on to the process's own. A pipe whose reader is slow keeps what it is given in
 * memory, without a bound: so what comes while it is full is held, and its threads wait until it has drained.
 */
import type { FlowControl } from '../protocol/flow-control.js';
import { clearInterval, setInterval } from '../protocol/timers.js';
import { callUser } from '../requests/user-callback.js';

type OutputName = 'stdout' | 'stderr';

/** How often threads that wait are told that the main thread is alive, in ms. */
const SIGN_MS = 100;

/** The threads that wait for each stream. */
const waiting = { stdout: new Set<FlowControl>(), stderr: new Set<FlowControl>() };
let signs: NodeJS.Timeout | undefined;

/** @param flow that of the thread whose last message has brought the chunk */
export function passOn(name: OutputName, chunk: Buffer, flow: FlowControl): void {
  callUser(() => process[name].write(chunk));
  if (process[name].writableNeedDrain !== true) return;
  flow.hold();
  const threads = waiting[name];
  if (threads.size === 0) process[name].once('drain', () => release(name));
  threads.add(flow);
  signs ??= setInterval(giveSigns, SIGN_MS).unref();
}

function giveSigns(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    // A stream that has failed or was replaced does not drain.
    if (process[name].writableNeedDrain === true) for (const flow of waiting[name]) flow.showLife();
    else release(name);
  }
}

function release(name: OutputName): void {
  const threads = [...waiting[name]];
  waiting[name].clear();
  const other = waiting[name === 'stdout' ? 'stderr' : 'stdout'];
  // What a thread has sent to both is done with when both have taken it.
  for (const flow of threads) if (!other.has(flow)) flow.release();
  if (waiting.stdout.size > 0 || waiting.stderr.size > 0) return;
  clearInterval(signs);
  signs = undefined;
}
