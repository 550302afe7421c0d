/** Kinds of requests that end badly: aborted, timed out, crashing. */
import { exitCode } from './tasks.mjs';
import { remote } from './values.mjs';

/** Long enough for most to run by then, so that both stages of an abort are seen. */
const abortAfter = (random) => random.integer(0, 30);
/** Half of them start before all that waits, the others are aborted in the queue as a rule. */
const early = (random) => (random.percent(50) ? { priority: 10 } : {});

function aborting(task, random) {
  const control = new AbortController();
  const reason = new Error('aborted on purpose');
  return {
    task,
    options: { signal: control.signal, ...early(random) },
    abort: () => setTimeout(() => control.abort(reason), abortAfter(random)),
    fails: (error) => error === reason,
    fixed: true,
  };
}

function timingOut(task, timeout) {
  const fails = (error) =>
    error?.code === 'ERR_TASK_TIMEOUT' && error.phase === 'run' && error.timeout === timeout;
  return { task, options: { timeout }, fails, fixed: true };
}

/** Ends its thread whenever it runs. `retries`: further runs it may have. */
function crashing(how, n, isOwn, retries = 0) {
  const runs = new Int32Array(new SharedArrayBuffer(4));
  const fails = (error) => error?.code === 'ERR_WORKER_CRASHED' && isOwn(error);
  // Others' late errors may end a run before it has ended its thread by itself.
  const after = () => (runs[0] <= retries + 1 ? undefined : `it ran ${runs[0]} times`);
  return { task: remote.crash, args: [how, n, runs, 9], options: { retries }, fails, after, fixed: true };
}

const byError = (n) => (error) => error.exitCode === 1 && error.cause?.message === `crash ${n}`;
const byExit = (n) => (error) => error.exitCode === exitCode(n) && error.cause === undefined;

export const faults = {
  'aborted before': {
    weight: 4,
    make: (n) => {
      const reason = { aborted: n };
      const fails = (error) => error === reason;
      return {
        task: remote.later,
        args: [n],
        options: { signal: AbortSignal.abort(reason) },
        fails,
        fixed: true,
      };
    },
  },
  'aborted, looking': { weight: 2, make: (_n, random) => aborting(remote.heeding, random) },
  'aborted, listening': { weight: 2, make: (_n, random) => aborting(remote.listening, random) },
  'aborted, ignoring': { weight: 0.5, make: (_n, random) => aborting(remote.endless, random) },
  'timeout, looking': { weight: 2, make: (_n, random) => timingOut(remote.heeding, random.integer(1, 10)) },
  'timeout, listening': {
    weight: 2,
    make: (_n, random) => timingOut(remote.listening, random.integer(1, 10)),
  },
  'timeout, ignoring': {
    weight: 0.5,
    make: (_n, random) => timingOut(remote.endless, random.integer(1, 10)),
  },
  // Longer than a thread is waited for.
  'timeout, in native code': {
    weight: 0.3,
    make: (_n, random) => ({
      ...timingOut(remote.inNativeCode, random.integer(1, 10)),
      args: [1 + random.next()],
    }),
  },
  'crash: exit': { weight: 0.4, make: (n) => crashing('exit', n, byExit(n)) },
  'crash: uncaught error': { weight: 0.4, make: (n) => crashing('uncaught', n, byError(n)) },
  'crash: in a microtask': { weight: 0.3, make: (n) => crashing('microtask', n, byError(n)) },
  'crash: unhandled rejection': { weight: 0.3, make: (n) => crashing('rejection', n, byError(n)) },
  'crash: uncaught undefined': {
    weight: 0.3,
    make: (n) => crashing('undefined', n, ({ exitCode: code, cause }) => code === 1 && cause === undefined),
  },
  'crash: out of memory': {
    weight: 0.15,
    make: (n) => crashing('memory', n, ({ cause }) => cause?.code === 'ERR_WORKER_OUT_OF_MEMORY'),
  },
  'crash: while the result is cloned': { weight: 0.2, make: (n) => crashing('result', n, byExit(n)) },
  'crash: three times, retries': { weight: 0.1, make: (n) => crashing('exit', n, byExit(n), 2) },
  'crash: once, retries': {
    weight: 0.4,
    make: (n, random) => {
      const runs = new Int32Array(new SharedArrayBuffer(4));
      const args = [random.pick(['exit', 'uncaught', 'rejection']), n, runs, 1];
      const after = (resolved) => (!resolved || runs[0] >= 2 ? undefined : `it ran ${runs[0]} times`);
      return { task: remote.crash, args, options: { retries: 2 }, value: n, after, fixed: true };
    },
  },
  'crash: late error': {
    weight: 0.7,
    make: (n, random) => ({
      task: remote.errorLater,
      args: [n, random.integer(0, 8)],
      value: n,
      plants: 'error',
      fixed: true,
    }),
  },
  'crash: late exit': {
    weight: 0.3,
    make: (n, random) => ({
      task: remote.exitLater,
      args: [n, random.integer(0, 8)],
      value: n,
      plants: 'exit',
      fixed: true,
    }),
  },
};
