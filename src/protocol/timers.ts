/**
 * Timers as Node made them, on both sides. Fake timers of test tools do not stop them, nor those of a task
 * its thread.
 *
 * Test tools replace `setTimeout` and the like, in the global object and in `node:timers`. Fakes that are
 * installed after this package was loaded have no effect here, since every function is read once. Fakes that
 * were installed before are recognised by the objects that they return. Then the real functions are found
 *
 * 1. behind the fakes of @sinonjs/fake-timers (see `originalOf`), or
 * 2. by the classes of timers that Node starts for itself, of which no fake knows (`mock.timers` of
 *    `node:test`).
 */
import {
  clearImmediate as givenClearImmediate,
  clearTimeout as givenClearTimeout,
  setImmediate as givenSetImmediate,
  setInterval as givenSetInterval,
  setTimeout as givenSetTimeout,
} from 'node:timers';
import { originalOf } from './originals.js';

type Timeout = NodeJS.Timeout;
type StartTimer = (callback: () => void, ms: number) => Timeout;
type StartImmediate = (callback: () => void) => void;

/** Node's own classes. Their constructors have had these parameters since Node 12. */
type TimeoutClass = new (
  callback: () => void,
  ms: number,
  args: undefined,
  isRepeated: boolean,
  isReferenced: boolean,
) => Timeout;
type ImmediateClass = new (callback: () => void, args: undefined) => object;

/** The longest time that Node's timers take. */
const MOST_MS = 2 ** 31 - 1;

const noop = (): void => {};

function isOfNode(timer: unknown, field: '_idleTimeout' | '_onImmediate'): boolean {
  return typeof timer === 'object' && timer !== null && Object.hasOwn(timer, field);
}

function timerStarter(given: StartTimer, name: string, isRepeated: boolean): StartTimer {
  const start = originalOf(given, name);
  const timer = start(noop, MOST_MS);
  if (isOfNode(timer, '_idleTimeout')) {
    timer.close();
    return start;
  }
  unlessItThrows(() => originalOf(givenClearTimeout, 'clearTimeout')(timer));
  // A socket clears its former timer first, which a fake may refuse.
  const NodeTimeout = unlessItThrows(timeoutClassOfSocket) ?? timeoutClassOfPromise();
  if (NodeTimeout === undefined) return start;
  return (callback, ms) => new NodeTimeout(callback, ms, undefined, isRepeated, true).refresh();
}

/** Fakes may be hand-made, and throw at what they have not given. */
function unlessItThrows<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

/** The class of a timer that a socket starts. */
function timeoutClassOfSocket(): TimeoutClass | undefined {
  const { Socket } = process.getBuiltinModule('node:net');
  const socket = new Socket().setTimeout(MOST_MS);
  const fields = socket as unknown as Record<symbol, unknown>;
  const timer = Object.getOwnPropertySymbols(socket)
    .map((symbol) => fields[symbol])
    .find((field) => isOfNode(field, '_idleTimeout')) as Timeout | undefined;
  timer?.close();
  return timer?.constructor as TimeoutClass | undefined;
}

/** The class of the timer of a promise. */
function timeoutClassOfPromise(): TimeoutClass | undefined {
  const { setTimeout: start } = process.getBuiltinModule('node:timers/promises');
  const timer = resourceOf('Timeout', () => start(MOST_MS)) as Timeout | undefined;
  timer?.close();
  return timer?.constructor as TimeoutClass | undefined;
}

function immediateStarter(): StartImmediate {
  const start: StartImmediate = originalOf(givenSetImmediate, 'setImmediate');
  const immediate: unknown = start(noop);
  unlessItThrows(() => originalOf(givenClearImmediate, 'clearImmediate')(immediate as NodeJS.Immediate));
  if (isOfNode(immediate, '_onImmediate')) return start;
  const NodeImmediate = immediateClass();
  if (NodeImmediate === undefined) return (callback) => setTimeout(callback, 0);
  return (callback) => new NodeImmediate(callback, undefined);
}

/** The class of the immediate of `scheduler.yield`. */
function immediateClass(): ImmediateClass | undefined {
  const { scheduler } = process.getBuiltinModule('node:timers/promises');
  return resourceOf('Immediate', () => scheduler.yield())?.constructor as ImmediateClass | undefined;
}

/** What a call that gives a promise starts, as an async hook sees it. */
function resourceOf(type: string, start: () => Promise<unknown>): object | undefined {
  const { createHook } = process.getBuiltinModule('node:async_hooks');
  let found: object | undefined;
  const hook = createHook({
    init: (_id, each, _trigger, resource) => {
      if (each === type) found ??= resource;
    },
  }).enable();
  unlessItThrows(start)?.catch(noop);
  hook.disable();
  return found;
}

export const setTimeout: StartTimer = timerStarter(givenSetTimeout, 'setTimeout', false);
export const setInterval: StartTimer = timerStarter(givenSetInterval, 'setInterval', true);
export const setImmediate: StartImmediate = immediateStarter();
export const queueMicrotask: (callback: () => void) => void = originalOf(
  globalThis.queueMicrotask,
  'queueMicrotask',
);

export function clearTimeout(timer: Timeout | undefined): void {
  timer?.close();
}

export const clearInterval = clearTimeout;
