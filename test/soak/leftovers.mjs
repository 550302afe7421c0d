/** What a closed Balancer must not leave behind: threads, handles, timers, memory. */
import { existsSync, readdirSync } from 'node:fs';

/**
 * Timers that are set and have neither fired nor been cleared, also those that do not keep the process alive.
 */
export class LiveTimers {
  #live = new Map();

  /** Call before what is to be watched is loaded. */
  install() {
    for (const [set, clear] of [
      ['setTimeout', 'clearTimeout'],
      ['setInterval', 'clearInterval'],
    ]) {
      const original = { set: globalThis[set], clear: globalThis[clear] };
      globalThis[set] = (call, ms, ...args) => {
        const timer = original.set(
          (...given) => {
            if (set === 'setTimeout') this.#live.delete(timer);
            call(...given);
          },
          ms,
          ...args,
        );
        this.#live.set(timer, new Error('set here').stack);
        return timer;
      };
      globalThis[clear] = (timer) => {
        this.#live.delete(timer);
        original.clear(timer);
      };
    }
  }

  get count() {
    return this.#live.size;
  }

  /** Where each was set. */
  get places() {
    return [...this.#live.values()].map((stack) => stack.split('\n').slice(2, 4).join(' '));
  }
}

const TASKS = '/proc/self/task';

/** What the process has at present, as numbers by name. */
export function inventory(timers) {
  const found = { timers: timers.count };
  if (existsSync(TASKS)) found.threads = readdirSync(TASKS).length;
  for (const type of process.getActiveResourcesInfo()) add(found, `active ${type}`);
  for (const event of process.eventNames())
    found[`listeners ${String(event)}`] = process.listenerCount(event);
  // All handles of the event loop, referenced or not: a MessagePort is an `async` one. Of timers Node has one for all
  // that are counted above; others are V8's, which looks for garbage of an idle program every 8 s.
  for (const { type, is_active } of process.report.getReport().libuv) {
    if (type !== 'loop' && type !== 'timer' && is_active) add(found, `handle ${type}`);
  }
  return found;
}

function add(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** What is there more of than before, after at most some seconds in which it may go; a text for each. */
export async function leftSince(before, timers, patience = 10_000) {
  const end = performance.now() + patience;
  for (;;) {
    const now = inventory(timers);
    const more = Object.entries(now).filter(([name, count]) => count > (before[name] ?? 0));
    if (more.length === 0 || performance.now() > end) {
      const where = now.timers > before.timers ? ` (${timers.places.join('; ')})` : '';
      return more.map(
        ([name, count]) => `${name}: ${count}, before: ${before[name] ?? 0}${name === 'timers' ? where : ''}`,
      );
    }
    await turn(20);
  }
}

/** `heapUsed`, `arrayBuffers` and `rss` in MB, after garbage collection. */
export async function memory() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await turn(10);
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heapUsed: heapUsed / 2 ** 20, arrayBuffers: arrayBuffers / 2 ** 20, rss: rss / 2 ** 20 };
}

const setTimer = setTimeout;
const turn = (ms) => new Promise((resolve) => setTimer(resolve, ms));
