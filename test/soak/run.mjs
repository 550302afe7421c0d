/** One run of the soak: submits, changes the set of workers meanwhile, and keeps the books. */
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { KINDS } from './kinds.mjs';

/** Requests under way at most: changes now and then, so that the queue is empty at times, and full at others. */
const UNDER_WAY = [1, 8, 40, 200, 2_000];
const MAX_QUEUE = 1_500;
/** Requests between two changes of the set, and of the above. */
const PHASE = 1_000;
/** A run without any progress for this long hangs. In ms; machines that are lent out stand still for some 20 s at times. */
const MOST_SILENCE = 120_000;
const MOST_VIOLATIONS = 50;
const GATE_WORDS = 4;

/** Counters in shared memory: how often each counted request has run. */
class Runs {
  #blocks = [];
  #next = 0;

  next() {
    return this.#next++;
  }

  gate(at) {
    const block = Math.floor(at / 1024);
    this.#blocks[block] ??= new SharedArrayBuffer(1024 * GATE_WORDS * 4);
    return new Int32Array(this.#blocks[block], (at % 1024) * GATE_WORDS * 4, GATE_WORDS);
  }

  of(at) {
    return Atomics.load(this.gate(at), 2);
  }
}

export class Run {
  violations = [];
  /** By kind: how many there were, and how they ended. */
  books = new Map(
    KINDS.map(({ name }) => [name, { requests: 0, resolved: 0, rejected: 0, codes: new Map() }]),
  );
  changes = { resizes: 0, reloads: 0, 'workers that crashed': 0, 'workers that were ended': 0 };
  settled = 0;
  #draw;
  #workers;
  #balancer;
  #common = { runs: new Runs() };
  #underWay = 0;
  #most = 1;
  #wake = () => {};
  #session;
  #changing = Promise.resolve();
  #shared = new AbortController();
  #lastProgress = performance.now();

  constructor(draw, workers) {
    this.#draw = draw;
    this.#workers = workers;
  }

  async do(requests) {
    const watchdog = setInterval(() => this.#watch(), 1_000);
    this.#open();
    for (let i = 0; i < requests; i++) {
      if (i % PHASE === 0) this.#most = this.#draw.one(UNDER_WAY);
      if (i % PHASE === PHASE - 1) this.#change();
      await this.#next();
      if (i % 500 === 499) await turn();
    }
    while (this.#underWay > 0) await this.#someSettled();
    await this.#close();
    clearInterval(watchdog);
    this.violations.push(...this.#leftListeners());
    return this;
  }

  #open() {
    this.#balancer = new Balancer({
      workers: this.#workers,
      grace: 20,
      maxQueue: MAX_QUEUE,
      maxRequestsPerWorker: 20_000,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    this.#balancer.on('workerEnd', ({ expected }) => {
      this.changes[expected ? 'workers that were ended' : 'workers that crashed']++;
    });
    this.#session = this.#balancer.session();
  }

  async #close() {
    // A worker that leaves waits for its sessions.
    this.#session.close();
    await this.#changing;
    await this.#balancer.close();
    const { queued, pending, workers, submitted } = this.#balancer.stats();
    if (queued !== 0 || pending !== 0 || workers.length > 0) {
      this.violations.push(`after close: ${queued} queued, ${pending} pending, ${workers.length} workers`);
    }
    this.submitted = submitted;
  }

  async #next() {
    const draw = this.#draw;
    while (this.#underWay >= this.#most) await this.#someSettled();
    // Most producers wait for room; some do not, and may be refused.
    const waits = !draw.chance(0.02);
    if (waits) await this.#balancer.ready();
    const kind = draw.byShare(KINDS);
    const request = kind.make(draw, this.#common);
    // Drawn here, so that the sequence of draws does not depend on how the threads run.
    const priority = draw.chance(0.1) ? draw.integer(-2, 2) : undefined;
    const signal = draw.chance(0.2) ? this.#shared.signal : undefined;
    this.#underWay++;
    this.books.get(kind.name).requests++;
    let times = 0;
    const settle = (isRight, code, what) => {
      times++;
      if (times > 1) this.#violate(`${kind.name}: settled ${times} times`);
      if (!isRight) this.#violate(`${kind.name}: ${what}`);
      this.#note(kind.name, code);
    };
    const book = this.books.get(kind.name);
    this.#start(request, { priority, signal }).then(
      (value) => {
        book.resolved++;
        settle(request.isRight(value), undefined, `wrong result ${show(value)}`);
      },
      (error) => {
        book.rejected++;
        const isEarned = request.isEarned(error) || (!waits && error?.code === 'ERR_QUEUE_FULL');
        settle(isEarned, error?.code ?? error?.name ?? 'other', `rejected with ${show(error)}`);
      },
    );
  }

  async #start(request, extra) {
    const balancer = this.#balancer;
    if (this.#draw.chance(0.002)) {
      this.#session.close();
      this.#session = balancer.session();
    }
    const session = this.#session;
    return await request.start({
      balancer,
      submit: (task, args, options) => balancer.submit(task, args, { ...extra, ...options }),
      inSession: (task, args, options) => session.submit(task, args, options),
      inTurns: (turns, act) => inTurns(turns, act),
    });
  }

  /** One change of the set at a time; work goes on meanwhile. */
  #change() {
    const draw = this.#draw;
    const isReload = draw.chance(0.3);
    const size = draw.integer(1, this.#workers + 2);
    this.#changing = this.#changing.then(async () => {
      try {
        if (isReload) await this.#balancer.reload();
        else await this.#balancer.resize(size);
        this.changes[isReload ? 'reloads' : 'resizes']++;
      } catch (error) {
        this.#violate(`${isReload ? 'reload' : 'resize'}: ${show(error)}`);
      }
    });
  }

  #note(name, code) {
    const { codes } = this.books.get(name);
    if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1);
    this.settled++;
    this.#underWay--;
    this.#lastProgress = performance.now();
    this.#wake();
  }

  #someSettled() {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #leftListeners() {
    const left = getEventListeners(this.#shared.signal, 'abort').length;
    return left === 0 ? [] : [`${left} listeners left on the signal that requests shared`];
  }

  #violate(what) {
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push(what);
  }

  #watch() {
    if (performance.now() - this.#lastProgress < MOST_SILENCE) return;
    console.error(`no progress for ${MOST_SILENCE} ms, ${this.#underWay} requests under way`);
    for (const [name, { requests, resolved, rejected }] of this.books) {
      if (requests > resolved + rejected) console.error(`${name}: ${requests - resolved - rejected}`);
    }
    console.error(JSON.stringify(this.#balancer.stats(), null, 1));
    process.exit(1);
  }
}

function inTurns(turns, act) {
  if (turns === 0) act();
  else setImmediate(inTurns, turns - 1, act);
}

function show(value) {
  if (value instanceof Error) return `${value.name} (${value.code}): ${value.message}; cause: ${value.cause}`;
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}
