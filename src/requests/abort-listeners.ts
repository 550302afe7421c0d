/**
 * Listeners to AbortSignals: one `addEventListener` for each signal, however many listen. With more than ten
 * Node warns of a leak.
 */
type Listener = (signal: AbortSignal) => void;

const bySignal = new WeakMap<AbortSignal, Set<Listener>>();

/**
 * Calls the listener when the signal is aborted, in the order of these calls. Once, however often it is
 * given.
 */
export function listenToAbort(signal: AbortSignal, listener: Listener): void {
  let listeners = bySignal.get(signal);
  if (listeners === undefined) {
    listeners = new Set();
    bySignal.set(signal, listeners);
  }
  if (listeners.size === 0) signal.addEventListener('abort', onAbort);
  listeners.add(listener);
}

/** The listener is called no more. Does nothing where it does not listen. */
export function unlistenToAbort(signal: AbortSignal, listener: Listener): void {
  const listeners = bySignal.get(signal);
  if (listeners === undefined || !listeners.delete(listener)) return;
  if (listeners.size === 0) signal.removeEventListener('abort', onAbort);
}

function onAbort(event: Event): void {
  const signal = event.target as AbortSignal;
  for (const listener of [...(bySignal.get(signal) ?? [])]) listener(signal);
}
