/**
 * The main thread's side: `src/worker/worker.ts` and `src/dispatch/poller.ts`, as far as they touch shared
 * memory or messages.
 */
import { bellStates } from '../../dist/src/protocol/window.js';
import type { ActorModel } from './model.js';
import type { Fate, WindowGhost, WindowSetting, WindowSteps } from './window-setting.js';

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
  withdraws: number;
  workers: View[];
  /** Ids of results that came by message. */
  stash: number[];
  /** Sendings of arguments so far, and the last one of each request. */
  sends: number;
  lastSend: Record<string, number>;
}
type Message = { result?: number; exit?: number; wake?: number };

const isAtWork = (fate: Fate | undefined) => fate === 'sent' || fate === 'started';
const advance = (position: number, n: number) => (position + n) & 0xffff;

export function mainThread(setting: WindowSetting): ActorModel<MainLocal, WindowGhost> {
  const { names, windows, options } = setting;
  const { capacity, requests, position: first, error } = options;
  const bellWord = new Int32Array(setting.bell);

  const settle = (local: MainLocal, id: number, steps: WindowSteps) => {
    local.left -= 1;
    steps.note((ghost) => {
      ghost.settled[id] = (ghost.settled[id] ?? 0) + 1;
    });
  };

  /** `Worker.drain`. */
  const drain = (local: MainLocal, w: number, steps: WindowSteps) => {
    const view = local.workers[w]!;
    const end = windows[w]!.completed();
    steps.check(((end - view.done) & 0xffff) <= view.sent.length, 'more is completed than was sent');
    while (view.done !== end) {
      const { id, hasRun } = setting.inCompletion(steps.read(setting.completion(w, view.done)));
      steps.check(id === view.sent[0], `completion ${view.done} is of request ${id}, not of ${view.sent[0]}`);
      if (hasRun && setting.resultByMessage(id)) {
        if (!local.stash.includes(id)) receiveAll(local, steps);
        steps.check(local.stash.includes(id), `the result of request ${id} is not there`);
        local.stash = local.stash.filter((other) => other !== id);
      }
      view.done = advance(view.done, 1);
      view.sent.shift();
      settle(local, id, steps);
    }
  };

  const receiveAll = (local: MainLocal, steps: WindowSteps) => {
    // The end of a thread is an event of its own, and no message of the port.
    for (const message of steps.drain('main', 'exit')) receive(local, message as Message, steps);
  };

  const receive = (local: MainLocal, message: Message, steps: WindowSteps): void => {
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
  const post = (local: MainLocal, w: number, n: number, steps: WindowSteps) => {
    const view = local.workers[w]!;
    const window = windows[w]!;
    const ids = local.queued.splice(0, n);
    for (const id of ids) {
      if (setting.byMessage(id)) {
        local.lastSend[id] = ++local.sends;
        steps.send(setting.port(w), setting.sending(id, local.sends));
      }
      steps.write(setting.request(w, view.tail), setting.slot(id, local.lastSend[id]));
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
  const reclaim = (local: MainLocal, w: number, n: number, steps: WindowSteps) => {
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
    const drop = taken
      .filter((id) => setting.byMessage(id))
      .map((id) => setting.sending(id, local.lastSend[id]!));
    if (drop.length > 0) steps.send(names[w]!, { drop });
    local.queued.unshift(...taken);
    local.reclaims -= 1;
  };

  /** `Worker.withdraw`: one of them; those behind it are put back as they were. The caller has aborted it. */
  const withdraw = (local: MainLocal, w: number, n: number, steps: WindowSteps) => {
    const view = local.workers[w]!;
    const window = windows[w]!;
    const got = window.reclaim(n);
    const taken = view.sent.splice(view.sent.length - got, got);
    view.tail = advance(view.tail, -got);
    local.withdraws -= 1;
    const id = got === n ? taken.shift() : undefined;
    for (const [i, other] of taken.entries()) {
      const from = advance(view.tail, i);
      if (got === n) {
        const slot = steps.read(setting.request(w, advance(from, 1)));
        steps.write(setting.request(w, from), slot);
      }
      view.sent.push(other);
    }
    view.tail = advance(view.tail, taken.length);
    if (id !== undefined) {
      steps.note((ghost) => {
        steps.check(ghost.fate[id] === 'sent', `request ${id} is withdrawn and was ${ghost.fate[id]}`);
        ghost.fate[id] = 'completed';
      });
      if (setting.byMessage(id)) {
        steps.send(names[w]!, { drop: [setting.sending(id, local.lastSend[id]!)] });
      }
      settle(local, id, steps);
    }
    if (taken.length > 0) window.post(taken.length);
    if (taken.length > 0 && window.ring()) steps.send(names[w]!, { ring: 1 });
  };

  const hasResults = (local: MainLocal) =>
    local.workers.some(({ done, dead }, w) => !dead && windows[w]!.completed() !== done);

  const activity = (local: MainLocal, steps: WindowSteps): MainLocal | undefined => {
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
          for (let n = 1; n <= sent.length && local.withdraws > 0; n++) {
            moves.push(() => {
              withdraw(local, w, n, steps);
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
        steps.note((ghost) => {
          ghost.mayWake = true;
        });
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

  return {
    name: 'main',
    local: {
      at: 'choose',
      queued: Array.from({ length: requests }, (_, i) => i + 1),
      left: requests,
      reclaims: options.reclaims ?? 0,
      withdraws: options.withdraws ?? 0,
      workers: names.map(() => ({ sent: [], done: first, tail: first, dead: false })),
      stash: [],
      sends: 0,
      lastSend: {},
    },
    activity,
  };
}
