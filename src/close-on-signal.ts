import { constants } from 'node:os';
import { DELAY, invalid, ownValue, resolve, validateNames } from './options/validate.js';
import { setImmediate } from './protocol/timers.js';

/** A Balancer or a Router: closes within a time limit. */
export interface Closable {
  close(options?: { timeout?: number }): Promise<unknown>;
}

export interface CloseOnSignalOptions {
  /**
   * Signals that close; not SIGKILL and SIGSTOP, which no process can listen to. Default `['SIGTERM',
   * 'SIGINT']`.
   */
  signals?: readonly NodeJS.Signals[];
  /**
   * How long accepted requests may still take, in ms ≥ 0 from the signal; `Infinity`: no limit. The rest is
   * then rejected with `BalancerClosedError`. Default 10,000.
   */
  timeout?: number;
}

const DEFAULT_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
const DEFAULT_TIMEOUT = 10_000;

/**
 * Closes the Balancer on SIGTERM or SIGINT: new requests are refused, accepted ones finish, then the process
 * ends as that signal would have ended it (a shell sees 128 + the signal's number). A second signal ends the
 * process at once.
 *
 * If the program has other listeners for the signal, the Balancer is closed and the process goes on, so that
 * a server can finish its own shutdown; a second signal ends the process nevertheless. Several Balancers may
 * each have a `closeOnSignal`: the last one to be closed ends the process.
 *
 * @returns an object whose `[Symbol.dispose]()` removes the listeners, also by `using`. A close that is under
 *   way then does not end the process either
 * @throws InvalidOptionError the target cannot be closed, a signal does not exist or cannot be listened to,
 *   or an option is wrong
 */
export function closeOnSignal(balancer: Closable, options: CloseOnSignalOptions = {}): Disposable {
  if (typeof balancer?.close !== 'function') {
    throw invalid('closeOnSignal(balancer)', balancer, 'a Balancer or a Router');
  }
  validateNames('closeOnSignal options', options, ['signals', 'timeout']);
  const signals = resolveSignals(ownValue(options, 'signals', options.signals) ?? DEFAULT_SIGNALS);
  const given = ownValue(options, 'timeout', options.timeout);
  const timeout = resolve('closeOnSignal options.timeout', given, DELAY, DEFAULT_TIMEOUT);
  let closing = false;
  let disposed = false;

  const dispose = () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
    disposed = true;
  };

  async function onSignal(signal: NodeJS.Signals): Promise<void> {
    if (closing) {
      dispose();
      end(signal, 'always');
      return;
    }
    closing = true;
    try {
      // If it rejects, that becomes an unhandled rejection: it is printed, and the process ends with code 1.
      await balancer.close(timeout === Number.POSITIVE_INFINITY ? {} : { timeout });
    } finally {
      if (!disposed) {
        dispose();
        // In the next turn: callbacks of the requests that were just settled come first.
        setImmediate(() => end(signal, 'unless others listen'));
      }
    }
  }

  for (const signal of signals) process.on(signal, onSignal);
  return { [Symbol.dispose]: dispose };
}

function end(signal: NodeJS.Signals, when: 'always' | 'unless others listen'): void {
  // Without a listener the signal has its default action: the parent process learns the true reason.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  else if (when === 'always') process.exit(128 + constants.signals[signal]);
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
