/** Waiting for an engine: until it is there, or until its answers have come. */
import { performance } from '../../protocol/clock.js';
import { EngineError } from '../errors.js';
import { isTransient } from '../transient.js';
import type { Engine } from './engine.js';
import { delay, within } from './within.js';

const PAUSE_MS = 500;
/** Of waiting for an engine that does not answer. */
const MOST_MS = 5_000;
/** Time for answers that may be overtaken, and for what follows from the last one, in ms. */
const REST_MS = 50;

/**
 * @param begin what is done first with an engine that has answered
 * @param lastError what the connection has told since
 * @throws EngineError it has not answered for that time, or refuses
 */
export async function reach(
  engine: Engine,
  engineTimeout: number,
  lastError: () => Error | undefined,
  begin: () => Promise<unknown>,
): Promise<void> {
  const began = performance.now();
  let cause: unknown;
  while (performance.now() - began < engineTimeout) {
    try {
      const left = engineTimeout - (performance.now() - began);
      if ((await withinOrThrow(left, engine.ready().then(begin))) === true) return;
    } catch (error) {
      cause = error;
      if (!isTransient(error)) break;
      await delay(PAUSE_MS);
    }
  }
  cause ??= lastError();
  const why = cause instanceof Error ? messageOf(cause) : (engine.congestion ?? 'no answer');
  throw new EngineError(`the engine cannot be used: ${why}`, { cause });
}

/** @returns true: it has resolved; undefined: not in that time. Rejects as the promise does. */
function withinOrThrow(ms: number, promise: Promise<unknown>): Promise<true | undefined> {
  let failure: { error: unknown } | undefined;
  const settled = promise.then(
    () => true as const,
    (error) => {
      failure = { error };
      return undefined;
    },
  );
  return within(Math.min(ms, 2 ** 31 - 1), settled).then((done) => {
    if (failure !== undefined) throw failure.error;
    return done;
  });
}

/** Where Node has tried several addresses, its error has no message of its own. */
function messageOf(error: Error): string {
  const { errors = [] } = error as Partial<AggregateError>;
  return [error, ...errors].map(({ message }) => message).find((message) => message !== '') ?? error.name;
}

/** Resolves when the answers to all that the engine was asked before have come. Never rejects. */
export async function arrived(engine: Engine): Promise<void> {
  await within(MOST_MS, engine.ping());
  await delay(REST_MS);
}
