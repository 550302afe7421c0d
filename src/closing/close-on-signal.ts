import { constants } from 'node:os';
import { loopsOf } from '../calls/open-loops.js';
import { checked } from '../errors/checked.js';
import { type CloseOptions, QUEUED } from '../options/close.js';
import { DELAY, invalid, ownValue, resolve, validateNames } from '../options/validate.js';
import { performance } from '../protocol/clock.js';
import { clearTimeout, queueMicrotask, setImmediate, setTimeout } from '../protocol/timers.js';

/** A Balancer or a Router: closes within a time limit. */
export interface Closable {
  close(options?: CloseOptions): Promise<unknown>;
}

export interface CloseOnSignalOptions {
  /**
   * Signals that close; not SIGKILL and SIGSTOP, which no process can listen to. Default `['SIGTERM',
   * 'SIGINT']`.
   */
  signals?: readonly NodeJS.Signals[];
  /**
   * How long accepted requests, and loops over `map` and `stream`, may still take, in ms ≥ 0 from the signal;
   * `Infinity`: no limit. Requests that are left are then rejected with `BalancerClosedError`; where loops
   * are open, a little earlier, so that these have the last tenth of the time, a second at most, to leave:
   * they get none of the results any more that they have not taken. Default 10,000.
   */
  timeout?: number;
  /** What becomes of accepted requests that have not started, as in `close()`. Default `'finish'`. */
  queued?: 'finish' | 'reject';
}

const DEFAULT_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
const DEFAULT_TIMEOUT = 10_000;
/** What is kept of the time for loops whose requests have not ended before, in ms. */
const MOST_LEAVING_MS = 1_000;

/**
 * Closes the Balancer on SIGTERM or SIGINT: new requests are refused, accepted ones finish, then the process
 * ends as that signal would have ended it (a shell sees 128 + the signal's number). A second signal ends the
 * process at once.
 *
 * Loops over `map` and `stream` that are open when the signal comes get the results of accepted items, and
 * then `BalancerClosedError`; a stream goes on to its end. The process ends when nothing else keeps it alive,
 * so that these loops have left and their `finally` blocks have run, or when `timeout` is over.
 *
 * If the program has other listeners when the signal comes, those by `process.once` included, the Balancer is
 * closed and the process goes on, so that a server can finish its own shutdown; a second signal ends the
 * process nevertheless. Several Balancers may each have a `closeOnSignal`: the last one to be closed ends the
 * process.
 *
 * @returns an object whose `[Symbol.dispose]()` removes the listeners, also by `using`. A close that is under
 *   way then does not end the process either
 * @throws InvalidOptionError the target cannot be closed, a signal does not exist or cannot be listened to,
 *   or an option is wrong
 */
export function closeOnSignal(balancer: Closable, options: CloseOnSignalOptions = {}): Disposable {
  const { signals, ...settings } = checked(() => settingsOf(balancer, options));
  const shutdown = new Shutdown(balancer, settings);
  for (const signal of signals) listen(signal, shutdown);
  return { [Symbol.dispose]: () => shutdown.dispose() };
}

/** @throws InvalidOptionError */
function settingsOf(
  balancer: Closable,
  options: CloseOnSignalOptions,
): Required<CloseOptions> & { readonly signals: readonly NodeJS.Signals[] } {
  if (typeof balancer?.close !== 'function') {
    throw invalid('closeOnSignal(balancer)', balancer, 'a Balancer or a Router');
  }
  validateNames('closeOnSignal options', options, ['signals', 'timeout', 'queued']);
  const own = <K extends keyof CloseOnSignalOptions>(name: K) => ownValue(options, name);
  return {
    signals: resolveSignals(own('signals') ?? DEFAULT_SIGNALS),
    timeout: resolve('closeOnSignal options.timeout', own('timeout'), DELAY, DEFAULT_TIMEOUT),
    queued: resolve('closeOnSignal options.queued', own('queued'), QUEUED, 'finish'),
  };
}

/** One Balancer that is closed on a signal, and then ends the process. */
class Shutdown {
  readonly #balancer: Closable;
  readonly #options: Required<CloseOptions>;
  hasBegun = false;
  #disposed = false;

  constructor(balancer: Closable, options: Required<CloseOptions>) {
    this.#balancer = balancer;
    this.#options = options;
  }

  dispose(): void {
    this.#disposed = true;
    unlisten(this);
  }

  /** @param isOurs whether the end of the process is up to us */
  async begin(signal: NodeJS.Signals, isOurs: boolean): Promise<void> {
    this.hasBegun = true;
    const { timeout, queued } = this.#options;
    const begin = performance.now();
    const loops = loopsOf(this.#balancer);
    const hadLoops = loops.some((open) => open.size > 0);
    const limit = hadLoops ? timeout - Math.min(timeout / 10, MOST_LEAVING_MS) : timeout;
    try {
      // A close that fails becomes an unhandled rejection: it is printed, and the process ends with code 1.
      await this.#balancer.close({
        ...(limit !== Number.POSITIVE_INFINITY && { timeout: limit }),
        ...(queued !== 'finish' && { queued }),
      });
      for (const open of loops) open.tell();
    } finally {
      const end = (): void => {
        if (this.#disposed) return;
        this.dispose();
        if (isOurs) endProcess(signal);
      };
      // Next turn: what the settled requests' callers do in their own callbacks comes first.
      if (!hadLoops || !isOurs || this.#disposed) setImmediate(end);
      else {
        const cut = (): void => {
          for (const open of loops) open.cut();
        };
        const passed = performance.now() - begin;
        whenNothingIsLeft(end, timeout - passed, cut, limit - passed);
      }
    }
  }
}

/**
 * Calls back once, when nothing but us keeps the process alive, or after that many ms: a loop that has been
 * told may still be in its `finally` block, which nobody else can see.
 * @param cut called before, after `cutMs`: loops whose bodies take long for each value leave in time
 */
function whenNothingIsLeft(call: () => void, ms: number, cut: () => void, cutMs: number): void {
  const once = (): void => {
    process.removeListener('beforeExit', once);
    clearTimeout(cutTimer);
    clearTimeout(timer);
    call();
  };
  process.on('beforeExit', once);
  const cutTimer = startTimer(cut, cutMs);
  const timer = startTimer(once, ms);
}

/** A timer that does not keep the process alive. */
function startTimer(call: () => void, ms: number): NodeJS.Timeout {
  const most = 2 ** 31 - 1;
  return setTimeout(call, Math.min(Math.max(ms, 1), most)).unref();
}

/**
 * Those who close on a signal. One listener of the process is there for all: with more than ten Node warns of
 * a leak.
 */
const bySignal = new Map<NodeJS.Signals, Set<Shutdown>>();

/**
 * On a listener of ours, also of another copy of this package: that one does not count as somebody else's.
 */
const OURS = Symbol.for('leastwork.closeOnSignal');

const onSignal = Object.assign(
  (signal: NodeJS.Signals): void => {
    const all = [...(bySignal.get(signal) ?? [])];
    if (all.some(({ hasBegun }) => hasBegun)) {
      for (const shutdown of all) shutdown.dispose();
      endAtOnce(signal);
      return;
    }
    const isOurs = othersOf(signal) === 0;
    for (const shutdown of all) void shutdown.begin(signal, isOurs);
  },
  { [OURS]: true },
);

function listen(signal: NodeJS.Signals, shutdown: Shutdown): void {
  let all = bySignal.get(signal);
  if (all === undefined) {
    if (bySignal.size === 0) process.on('newListener', stayFirst);
    all = new Set();
    bySignal.set(signal, all);
    process.prependListener(signal, onSignal);
  }
  all.add(shutdown);
}

/**
 * Keeps our listener before those that are added later, by `prependOnceListener` say: one that removes itself
 * is gone when it has been called, and would not be counted.
 */
function stayFirst(name: string | symbol, listener: (...args: never[]) => void): void {
  const signal = name as NodeJS.Signals;
  if (!bySignal.has(signal) || OURS in Object(listener)) return;
  // Node tells of a listener before it is added.
  queueMicrotask(() => {
    if (!bySignal.has(signal) || process.listeners(signal)[0] === onSignal) return;
    process.prependListener(signal, onSignal);
    // Of two equal listeners the last one is removed. The signal is never without a listener meanwhile.
    process.removeListener(signal, onSignal);
  });
}

function unlisten(shutdown: Shutdown): void {
  for (const [signal, all] of bySignal) {
    if (!all.delete(shutdown) || all.size > 0) continue;
    bySignal.delete(signal);
    process.removeListener(signal, onSignal);
    if (bySignal.size === 0) process.removeListener('newListener', stayFirst);
  }
}

/** Listeners that are not ours. */
function othersOf(signal: NodeJS.Signals): number {
  return process.listeners(signal).filter((listener) => !(OURS in listener)).length;
}

/** Unless another Balancer is still being closed, or somebody has begun to listen meanwhile. */
function endProcess(signal: NodeJS.Signals): void {
  // Without a listener the signal has its default action, which tells the parent process the true reason.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function endAtOnce(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  else process.exit(128 + constants.signals[signal]);
}

function resolveSignals(signals: readonly NodeJS.Signals[]): readonly NodeJS.Signals[] {
  const allowed = 'names of signals that can be listened to';
  if (!Array.isArray(signals))
    throw invalid('closeOnSignal options.signals', signals, `an array of ${allowed}`);
  for (const signal of signals) {
    if (!Object.hasOwn(constants.signals, signal) || signal === 'SIGKILL' || signal === 'SIGSTOP') {
      throw invalid('closeOnSignal options.signals', signal, allowed);
    }
  }
  return [...new Set(signals)];
}
