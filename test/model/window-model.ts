/**
 * The window's protocol as a model: the real `Window` under the explorer, between a main thread and worker threads that
 * follow `src/worker.ts`, `src/poller.ts` and `workers/main.ts` in everything that touches shared memory or sends a message. What these
 * decide by clocks and policies (how many to post, when to take back, to poll or to sleep, to announce now or later, when time
 * runs out) is chosen freely, so every such decision is covered at every moment.
 */
import { bellStates, type Window, windowBytes } from '../../dist/src/window.js';
import type { ActorModel, Json, Model, Steps, World } from './explorer.js';

export interface WindowModelOptions {
  /** The real class, or one with an error in it. */
  readonly Window: typeof Window;
  /** A power of two. */
  readonly capacity: number;
  /** Requests in all. Those with an odd id have arguments and a result that travel by message. */
  readonly requests: number;
  /** Positions start here. */
  readonly position: number;
  /** How many times the main thread may take back. Default 0. */
  readonly reclaims?: number;
  /** Workers, sharing one bell. Default 1. */
  readonly workers?: number;
  /** Threads that may die, at any step. Default 0. */
  readonly deaths?: number;
  /** Arguments and results by message, for odd ids. Default false. */
  readonly messages?: boolean;
  /** Slots are read and written in the same step as what comes before. */
  readonly coarse?: boolean;
  /** Gives up beyond that many states. */
  readonly maxStates?: number;
  /** The main thread never polls and workers never nap: they sleep at once. Fewer states. */
  readonly sleepsAtOnce?: boolean;
  /** An error made on purpose. */
  readonly error?:
    | 'reads before it claims'
    | 'no second look before sleep'
    | 'bell without a second look'
    | 'rings before it posts'
    | 'publishes before the slot is written'
    | 'announces before it publishes'
    | 'holds back although its window is empty'
    | 'claims before it publishes'
    | 'takes from the stash first';
}

/** Where a request is; only the protocol may move it. */
type Fate = 'queued' | 'sent' | 'started' | 'completed' | 'crashed';

/** By request id. */
export interface WindowGhost {
  fate: Record<string, Fate>;
  settled: Record<string, number>;
  /** What is running in each worker. */
  running: Record<string, number>;
}

interface View {
  sent: number[];
  done: number;
  tail: number;
  dead: boolean;
}
interface MainLocal {
  at: 'turn' | 'choose' | 'sleep' | 'asleep';
  queued: number[];
  left: number;
  reclaims: number;
  workers: View[];
  /** Ids of results that came by message. */
  stash: number[];
}
interface WorkerLocal {
  at: 'claim' | 'run' | 'announce' | 'empty' | 'nap' | 'asleep';
  position: number;
  peeked: number;
  /** Ids of requests whose arguments came by message; a second sending takes the place of the first. */
  stash: number[];
}
type S = Steps<WindowGhost>;

const isAtWork = (fate: Fate | undefined) => fate === 'sent' || fate === 'started';

export function windowModel(options: WindowModelOptions): Model<WindowGhost> {
  const { capacity, requests, position: first, error, messages = false } = options;
  const names = ['a', 'b', 'c'].slice(0, options.workers ?? 1);
  const bell = new SharedArrayBuffer(4);
  const bellWord = new Int32Array(bell);
  const buffers = new Map<ArrayBufferLike, string>([[bell, 'bell']]);
  const cells: Record<string, number> = { 'bell.0': 0 };
  const windows = names.map((name) => {
    const shared = new SharedArrayBuffer(windowBytes(capacity));
    const window = new options.Window(shared, bell, capacity);
    window.reset(first);
    const words = new Int32Array(shared);
    buffers.set(shared, name);
    for (const index of [0, 16, 32]) cells[`${name}.${index}`] = words[index]!;
    for (let position = 0; position < capacity; position++) {
      cells[`${name}.${window.requestSlot(position)}`] = 0;
      cells[`${name}.${window.completionSlot(position)}`] = 0;
    }
    return window;
  });
  const byMessage = (id: number) => messages && id % 2 === 1;
  const request = (w: number, position: number) => `${names[w]}.${windows[w]!.requestSlot(position)}`;
  const completion = (w: number, position: number) => `${names[w]}.${windows[w]!.completionSlot(position)}`;
  const advance = (position: number, n: number) => (position + n) & 0xffff;

  // ————— main thread —————

  const settle = (local: MainLocal, id: number, steps: S) => {
    local.left -= 1;
    steps.note((ghost) => {
      ghost.settled[id] = (ghost.settled[id] ?? 0) + 1;
    });
  };

  /** `Worker.drain`. */
  const drain = (local: MainLocal, w: number, steps: S) => {
    const view = local.workers[w]!;
    const end = windows[w]!.completed();
    steps.check(((end - view.done) & 0xffff) <= view.sent.length, 'more is completed than was sent');
    while (view.done !== end) {
      const id = steps.read(completion(w, view.done));
      steps.check(id === view.sent[0], `completion ${view.done} is of request ${id}, not of ${view.sent[0]}`);
      if (byMessage(id)) {
        if (!local.stash.includes(id)) receiveAll(local, steps);
        steps.check(local.stash.includes(id), `the result of request ${id} is not there`);
        local.stash = local.stash.filter((other) => other !== id);
      }
      view.done = advance(view.done, 1);
      view.sent.shift();
      settle(local, id, steps);
    }
  };

  const receiveAll = (local: MainLocal, steps: S) => {
    // The end of a thread is an event of its own, and no message of the port.
    for (const message of steps.drain('main', 'exit')) receive(local, message as Message, steps);
  };

  type Message = { result?: number; exit?: number; wake?: number };

  /** Returns whether it is a reason to look. */
  const receive = (local: MainLocal, message: Message, steps: S): void => {
    if (message.result !== undefined) local.stash.push(message.result);
    if (message.exit === undefined) return;
    // `Dispatcher.died` and `Worker.remains`.
    const w = message.exit;
    const view = local.workers[w]!;
    drain(local, w, steps);
    const started = (windows[w]!.head() - view.done) & 0xffff;
    steps.check(started <= 1, `${started} requests were running when the thread died`);
    const got = windows[w]!.reclaim(view.sent.length);
    steps.check(got === view.sent.length - started, 'what was not started is not taken back whole');
    const taken = view.sent.splice(view.sent.length - got);
    steps.note((ghost) => {
      for (const id of taken) ghost.fate[id] = 'queued';
    });
    view.dead = true;
    for (const id of view.sent.splice(0)) {
      steps.note((ghost) => {
        steps.check(isAtWork(ghost.fate[id]), `request ${id} was ${ghost.fate[id]} and is called crashed`);
        ghost.fate[id] = 'crashed';
      });
      settle(local, id, steps);
    }
    if (local.workers.every(({ dead }) => dead)) {
      // Nobody is left to run them: enough is known, they were not lost.
      for (const id of [...taken, ...local.queued.splice(0)]) settle(local, id, steps);
    } else local.queued.unshift(...taken);
  };

  /** `Worker.stage` and `flush`. */
  const post = (local: MainLocal, w: number, n: number, steps: S) => {
    const view = local.workers[w]!;
    const window = windows[w]!;
    const ids = local.queued.splice(0, n);
    for (const id of ids) {
      if (byMessage(id)) {
        steps.send(names[w]!, { args: id });
      }
      steps.write(request(w, view.tail), id);
      view.tail = advance(view.tail, 1);
      view.sent.push(id);
    }
    const ring = () => {
      if (window.ring()) steps.send(names[w]!, { ring: 1 });
    };
    if (error === 'rings before it posts') ring();
    window.post(n);
    steps.note((ghost) => {
      for (const id of ids) ghost.fate[id] = 'sent';
    });
    if (error !== 'rings before it posts') ring();
  };

  /** `Worker.reclaim`: the last n. */
  const reclaim = (local: MainLocal, w: number, n: number, steps: S) => {
    const view = local.workers[w]!;
    const got = windows[w]!.reclaim(n);
    const taken = view.sent.splice(view.sent.length - got, got);
    view.tail = advance(view.tail, -got);
    steps.note((ghost) => {
      for (const id of taken) {
        steps.check(ghost.fate[id] === 'sent', `request ${id} is taken back and was ${ghost.fate[id]}`);
        ghost.fate[id] = 'queued';
      }
    });
    const drop = taken.filter(byMessage);
    if (drop.length > 0) steps.send(names[w]!, { drop });
    local.queued.unshift(...taken);
    local.reclaims -= 1;
  };

  const hasResults = (local: MainLocal) =>
    local.workers.some(({ done, dead }, w) => !dead && windows[w]!.completed() !== done);

  const mainActivity = (local: MainLocal, steps: S): MainLocal | undefined => {
    switch (local.at) {
      case 'turn':
        local.workers.forEach(({ dead }, w) => {
          if (!dead) drain(local, w, steps);
        });
        return { ...local, at: 'choose' };
      case 'choose': {
        if (local.left === 0) return undefined;
        const moves: (() => MainLocal['at'])[] = [];
        local.workers.forEach(({ sent, dead }, w) => {
          if (dead) return;
          const room = Math.min(capacity - sent.length, local.queued.length);
          for (let n = 1; n <= room; n++) {
            moves.push(() => {
              post(local, w, n, steps);
              return 'choose';
            });
          }
          if (local.reclaims === 0) return;
          for (let n = 1; n <= sent.length; n++) {
            moves.push(() => {
              reclaim(local, w, n, steps);
              return 'choose';
            });
          }
        });
        // Poll or sleep, but not while something could be sent: that is the dispatcher's business.
        if (
          local.workers.every(({ sent, dead }) => dead || sent.length === capacity) ||
          local.queued.length === 0
        ) {
          moves.push(() => 'sleep');
          // Polling: the event loop turns, and messages are received in it.
          if (!options.sleepsAtOnce)
            moves.push(() => {
              for (const message of steps.drain('main')) receive(local, message as Message, steps);
              return 'turn';
            });
        }
        const at = moves[steps.choose(moves.length, 'main chooses')]!();
        return { ...local, at };
      }
      case 'sleep':
        Atomics.store(bellWord, 0, bellStates.sleeping);
        if (error !== 'bell without a second look' && hasResults(local)) {
          Atomics.store(bellWord, 0, bellStates.looking);
          return { ...local, at: 'turn' };
        }
        return { ...local, at: 'asleep' };
      case 'asleep': {
        const message = steps.receive('main') as Message;
        receive(local, message, steps);
        // A result alone is no reason to look: its completion is announced.
        if (message.result !== undefined) return local;
        Atomics.store(bellWord, 0, bellStates.looking);
        return { ...local, at: 'turn' };
      }
    }
  };

  // ————— worker —————

  const handle = (local: WorkerLocal, message: Json): void => {
    const { args, drop = [] } = message as { args?: number; drop?: number[] };
    local.stash = local.stash.filter((id) => id !== args && !drop.includes(id));
    if (args !== undefined) local.stash.push(args);
  };

  const workerActivity =
    (w: number) =>
    (local: WorkerLocal, steps: S): WorkerLocal | undefined => {
      const window = windows[w]!;
      const name = names[w]!;
      switch (local.at) {
        case 'claim': {
          let peeked = 0;
          if (error === 'reads before it claims') peeked = steps.read(request(w, window.head()));
          const position = window.claim();
          if (position < 0) return { ...local, at: 'empty' };
          return { ...local, at: 'run', position, peeked };
        }
        case 'run': {
          const id = local.peeked || steps.read(request(w, local.position));
          steps.note((ghost) => {
            steps.check(
              ghost.fate[id] === 'sent',
              `request ${id} is started and was ${ghost.fate[id] ?? 'never sent'}`,
            );
            steps.check(ghost.running[name] === undefined, 'two requests run at a time');
            ghost.fate[id] = 'started';
            ghost.running[name] = id;
          });
          if (byMessage(id)) {
            // Always what has arrived first: a drop and a second sending may lie behind what is stashed.
            if (error !== 'takes from the stash first' || !local.stash.includes(id)) {
              for (const message of steps.drain(name)) handle(local, message);
            }
            steps.check(local.stash.includes(id), `the arguments of request ${id} are not there`);
            local.stash = local.stash.filter((other) => other !== id);
          }
          const write = () => {
            if (byMessage(id)) steps.send('main', { result: id });
            steps.write(completion(w, local.position), id);
          };
          const publish = () => {
            window.complete(local.position);
            steps.note((ghost) => {
              ghost.fate[id] = 'completed';
              delete ghost.running[name];
            });
          };
          if (error === 'announces before it publishes' && window.mainSleeps() && window.wakeMain()) {
            steps.send('main', { wake: 1 });
          }
          if (error === 'publishes before the slot is written') publish();
          write();
          if (error === 'claims before it publishes') window.claim();
          if (error !== 'publishes before the slot is written') publish();
          return {
            ...local,
            at: error === 'announces before it publishes' ? 'claim' : 'announce',
            peeked: 0,
          };
        }
        case 'announce': {
          if (!window.mainSleeps()) return { ...local, at: 'claim' };
          // Held back for company, for any number of completions, as `WorkLoop.#announce` does for short tasks.
          const hold = steps.choose(2, 'worker announces now or later') === 1;
          if (hold && (error === 'holds back although its window is empty' || window.unstarted() > 0)) {
            return { ...local, at: 'claim' };
          }
          if (window.wakeMain()) steps.send('main', { wake: 1 });
          return { ...local, at: 'claim' };
        }
        case 'empty':
          // A turn of the event loop, or none: messages may be received, or not yet.
          if (messages && steps.choose(2, 'worker turns its event loop') === 1) {
            for (const message of steps.drain(name)) handle(local, message);
          }
          return { ...local, at: 'nap' };
        case 'nap':
          if (error === 'no second look before sleep') {
            steps.write(`${name}.32`, 2);
            return { ...local, at: 'asleep' };
          }
          if (options.sleepsAtOnce) return { ...local, at: window.sleep() ? 'asleep' : 'claim' };
          if (window.nap(10)) {
            if (window.unstarted() === 0) for (const message of steps.drain(name)) handle(local, message);
            return { ...local, at: 'claim' };
          }
          return { ...local, at: window.sleep() ? 'asleep' : 'claim' };
        case 'asleep':
          handle(local, steps.receive(name));
          window.wakeUp();
          return { ...local, at: 'claim' };
      }
    };

  const ids = Array.from({ length: requests }, (_, i) => i + 1);
  const main: ActorModel<MainLocal, WindowGhost> = {
    name: 'main',
    local: {
      at: 'choose',
      queued: ids,
      left: requests,
      reclaims: options.reclaims ?? 0,
      workers: names.map(() => ({ sent: [], done: first, tail: first, dead: false })),
      stash: [],
    },
    activity: mainActivity,
  };
  const worker = (w: number): ActorModel<WorkerLocal, WindowGhost> => ({
    name: `worker ${names[w]}`,
    local: { at: 'claim', position: 0, peeked: 0, stash: [] },
    activity: workerActivity(w),
    died: ({ queues }) => {
      queues.main!.push({ exit: w });
    },
  });
  return {
    cells,
    buffers,
    queues: ['main', ...names],
    ghost: { fate: Object.fromEntries(ids.map((id) => [id, 'queued'])), settled: {}, running: {} },
    actors: [main, ...names.map((_, w) => worker(w))],
    ended: ({ actors }) => actors[0]!.next === undefined,
    invariant: (world) => settledTwice(world) ?? leak(world, requests),
    deaths: options.deaths ?? 0,
    coarse: options.coarse ?? false,
    ...(options.maxStates === undefined ? {} : { maxStates: options.maxStates }),
  };
}

function settledTwice({ ghost }: World<WindowGhost>): string | undefined {
  const twice = Object.entries(ghost.settled).find(([, times]) => times > 1);
  return twice === undefined ? undefined : `request ${twice[0]} is settled ${twice[1]} times`;
}

/** Once all is over and every message is received, no worker may keep arguments of a request. */
function leak({ actors, queues, ghost }: World<WindowGhost>, requests: number): string | undefined {
  if (Object.keys(ghost.settled).length < requests) return undefined;
  for (const [i, { next, local }] of actors.entries()) {
    if (next?.kind !== 'receive' || queues[next.queue]!.length > 0 || i === 0) continue;
    const kept = (local as unknown as WorkerLocal).stash;
    if (kept.length > 0) return `the worker keeps the arguments of request ${kept} for ever`;
  }
  return undefined;
}
