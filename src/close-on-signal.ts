import { constants } from 'node:os';
import { checkObject, durationOrZero, invalid } from './options/validate.js';

/** What can be closed with a time limit: a Balancer, a Router. */
export interface Closable {
  close(options?: { timeout?: number }): Promise<unknown>;
}

export interface CloseOnSignalOptions {
  /** Signals that close. Default `['SIGTERM', 'SIGINT']`. SIGKILL and SIGSTOP cannot be listened to. */
  signals?: readonly NodeJS.Signals[];
  /**
   * How long accepted requests may still take, in ms, ≥ 0; what is left then ends with `BalancerClosedError`. Default 10,000.
   * `Infinity`: as long as they like.
   */
  timeout?: number;
}

const DEFAULT_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];
const DEFAULT_TIMEOUT = 10_000;

/**
 * Closes the Balancer on SIGTERM or SIGINT: new requests are refused, accepted ones finish, then the process ends as that
 * signal would have ended it (a shell sees 128 + the signal's number). A second signal ends it at once.
 *
 * Where someone else listens to the signal too, the end is theirs: the Balancer is closed and nothing more is done, so that a
 * server can finish its own shutdown. A second signal ends the process nevertheless. Several Balancers may each have one: the
 * last to be closed ends the process.
 *
 * @returns removes the listeners: call `[Symbol.dispose]()`, or declare it with `using`. Then a close that is
 * under way does not end the process either.
 * @throws InvalidOptionError for what cannot be closed, a signal that does not exist or cannot be listened to, a bad timeout, and an
 *   option that does not exist
 */
export function closeOnSignal(balancer: Closable, options: CloseOnSignalOptions = {}): Disposable {
  if (typeof balancer?.close !== 'function') {
    throw invalid('closeOnSignal(balancer)', balancer, 'a Balancer or a Router');
  }
  checkObject('closeOnSignal options', options, { signals: 0, timeout: 0 });
  const signals = checkSignals(options.signals ?? DEFAULT_SIGNALS);
  const timeout = durationOrZero('closeOnSignal options.timeout', options.timeout, DEFAULT_TIMEOUT);
  let closing = false;
  let disposed = false;

  const dispose = () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
    disposed = true;
  };

  async function onSignal(signal: NodeJS.Signals): Promise<void> {
    if (closing) {
      dispose();
      end(signal, 'whoever listens');
      return;
    }
    closing = true;
    try {
      // A close that fails becomes an unhandled rejection: it is printed, and the process ends with code 1.
      await balancer.close(timeout === Number.POSITIVE_INFINITY ? {} : { timeout });
    } finally {
      if (!disposed) {
        dispose();
        // Next turn: what the settled requests' callers do in their own callbacks comes first.
        setImmediate(end, signal, 'unless others listen');
      }
    }
  }

  for (const signal of signals) process.on(signal, onSignal);
  return { [Symbol.dispose]: dispose };
}

function end(signal: NodeJS.Signals, when: 'whoever listens' | 'unless others listen'): void {
  // Without a listener the signal has its default action, which tells the parent process the true reason.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  else if (when === 'whoever listens') process.exit(128 + constants.signals[signal]);
}

function checkSignals(signals: readonly NodeJS.Signals[]): readonly NodeJS.Signals[] {
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
