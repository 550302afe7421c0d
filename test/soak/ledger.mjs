/** The fates of all requests: who has settled, how often, and whether that was earned. */
import { getEventListeners } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { WorkerCrashedError } from 'leastwork';
import { lateExitCode } from './tasks.mjs';

export class Ledger {
  /** By kind: `{ count, resolved, rejected: Map of codes }`. */
  fates = new Map();
  violations = [];
  /** Late errors that have been planted, and how many running requests each has hit. */
  #lateErrors = new Map();
  /** By exit code: late exits that have been planted, and the requests that they have hit. */
  #lateExits = new Map();
  #open = new Set();
  #waiters = [];
  hitsOfLate = 0;
  lostTransfers = 0;
  settled = 0;

  /** @param {readonly string[]} kinds */
  constructor(kinds) {
    for (const kind of kinds) this.fates.set(kind, { count: 0, resolved: 0, rejected: new Map() });
  }

  get open() {
    return this.#open.size;
  }

  /** Kinds and numbers of those that have not settled. */
  openOnes() {
    return [...this.#open].map(({ plan }) => `${plan.kind} (request ${plan.n})`);
  }

  violate(what) {
    this.violations.push(what);
  }

  /** Late errors and exits that have been planted. */
  get planted() {
    let exits = 0;
    for (const { planted } of this.#lateExits.values()) exits += planted;
    return this.#lateErrors.size + exits;
  }

  /** Enters a request and follows its promise. */
  follow(plan, promise) {
    const record = { plan, settles: 0 };
    this.fates.get(plan.kind).count++;
    if (plan.plants === 'error') this.#lateErrors.set(`late ${plan.n}`, 0);
    if (plan.plants === 'exit') this.#lateExitsOf(lateExitCode(plan.n)).planted++;
    this.#open.add(record);
    record.settling = promise.then(
      (value) => this.#settle(record, value, undefined),
      (error) => this.#settle(record, undefined, { error }),
    );
  }

  /** Resolves when fewer than so many requests are open. */
  async below(limit) {
    while (this.#open.size >= limit) {
      await new Promise((resolve) => {
        this.#waiters.push({ limit, resolve });
      });
    }
  }

  /** Resolves when those that still have requests to submit have settled. */
  async severalEnded() {
    const several = [...this.#open].filter(({ plan }) => plan.isSeveral);
    await Promise.all(several.map(({ settling }) => settling));
  }

  /** Whether a thread that ended with this was to end so: by one's own crash or a late one. */
  isPlanted({ exitCode, cause }) {
    const message = cause?.message;
    if (this.#lateErrors.has(message) || /^crash \d+$/.test(message)) return true;
    if (cause?.code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
    if (cause !== undefined) return false;
    return exitCode === 1 || (exitCode >= 10 && exitCode < 60) || this.#lateExits.has(exitCode);
  }

  #settle(record, value, rejection) {
    const { plan } = record;
    this.settled++;
    if (++record.settles > 1) this.violate(`${name(plan)} settled ${record.settles} times`);
    this.#open.delete(record);
    const fate = this.fates.get(plan.kind);
    if (rejection === undefined) {
      fate.resolved++;
      this.#checkValue(plan, value);
    } else {
      const code = codeOf(rejection.error, plan);
      fate.rejected.set(code, (fate.rejected.get(code) ?? 0) + 1);
      if (!this.#isEarned(plan, rejection.error)) {
        this.violate(`${name(plan)} had not earned its rejection: ${describe(rejection.error)}`);
      }
    }
    const wrong = plan.after?.(rejection === undefined);
    if (wrong !== undefined) this.violate(`${name(plan)}: ${wrong}`);
    if (plan.abort !== undefined && getEventListeners(plan.options.signal, 'abort').length > 0) {
      this.violate(`${name(plan)} is settled, and its signal has a listener still`);
    }
    if (this.#waiters.length > 0) this.#wake();
  }

  #wake() {
    const ready = this.#waiters.filter(({ limit }) => this.#open.size < limit);
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }

  #checkValue(plan, value) {
    if (plan.fails !== undefined) {
      this.violate(`${name(plan)} was to fail, and resolved to ${describe(value)}`);
    } else if (!isDeepStrictEqual(value, plan.value)) {
      this.violate(`${name(plan)} resolved to ${describe(value)}, not to ${describe(plan.value)}`);
    }
  }

  #isEarned(plan, error) {
    const { options } = plan;
    if (plan.fails?.(error)) return true;
    if (options?.signal?.aborted && error === options.signal.reason) return true;
    switch (error?.code) {
      case 'ERR_TASK_TIMEOUT':
        return error.timeout === (error.phase === 'run' ? options?.timeout : options?.queueTimeout);
      case 'ERR_QUEUE_FULL':
        return plan.pushes === true;
      case 'ERR_WORKER_CRASHED':
        return error instanceof WorkerCrashedError && (this.#isLost(plan, error) || this.#isLate(error));
      default:
        return false;
    }
  }

  /** What was transferred to a thread that could not give it back. */
  #isLost(plan, error) {
    if (!plan.transfers || !error.message.includes('its transferred arguments were lost')) return false;
    const isForced = error.message.includes('its thread had to be ended');
    if (!isForced && error.cause?.code !== 'ERR_WORKER_OUT_OF_MEMORY') return false;
    this.lostTransfers++;
    return true;
  }

  /**
   * Hit by an error that another request had left behind: each can end one thread only, which runs one
   * request.
   */
  #isLate({ cause, exitCode }) {
    const hits = this.#lateErrors.get(cause?.message);
    if (hits !== undefined) {
      this.#lateErrors.set(cause.message, hits + 1);
      this.hitsOfLate++;
      return hits === 0;
    }
    if (cause !== undefined || !this.#lateExits.has(exitCode)) return false;
    this.hitsOfLate++;
    const exits = this.#lateExitsOf(exitCode);
    return ++exits.hits <= exits.planted;
  }

  #lateExitsOf(exitCode) {
    let exits = this.#lateExits.get(exitCode);
    if (exits === undefined) {
      exits = { planted: 0, hits: 0 };
      this.#lateExits.set(exitCode, exits);
    }
    return exits;
  }
}

const name = ({ kind, n }) => `${kind} (request ${n})`;

function codeOf(error, { options }) {
  if (options?.signal?.aborted && error === options.signal.reason) return 'aborted';
  return error?.code ?? error?.name ?? typeof error;
}

function describe(value) {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? '' : `, cause: ${value.cause?.message}`;
    return `${value.name} ${value.code ?? ''}: ${value.message}${cause}`;
  }
  const text = typeof value === 'bigint' ? `${value}n` : String(JSON.stringify(value));
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
