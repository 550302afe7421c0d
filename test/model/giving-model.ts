/**
 * The protocol of `src/protocol/handover.ts` as a model: requests whose arguments are transferred, between a
 * main thread that follows `src/worker/window-writer.ts` and `src/worker/worker.ts`, and a thread that
 * follows `workers/loop/work-loop.ts` and ends by itself at any moment. The window, its words and its methods
 * are the real ones; rings and completions, which the other model has, are left out.
 */
import type { Handover } from '../../dist/src/protocol/handover.js';
import type { ActorModel, Model } from './model.js';
import { type WindowModelOptions, WindowSetting } from './window-setting.js';

export interface GivingOptions {
  readonly Window: WindowModelOptions['Window'];
  /** The real class, or one with an error in it. */
  readonly Handover: typeof Handover;
  readonly requests: number;
  /** How many unstarted requests may be aborted. */
  readonly aborts: number;
  /**
   * Whether the thread may also end without its `exit` handlers, at any step: then it may take with it what
   * it has.
   */
  readonly dies?: boolean;
  /** An error made on purpose. */
  readonly error?:
    | 'sends what was refused'
    | 'says given before it is sent'
    | 'posts without a give'
    | 'returns without a last look'
    | 'looks at the window before it receives';
}

/** Where what was transferred with a request is. It may be in one place only. */
type Place = 'main' | 'port' | 'kept' | 'started' | 'on its way back' | 'aborted' | 'lost';

export interface GivingGhost {
  place: Record<string, Place>;
  /** The thread has ended with no chance to send anything back, or has waited in vain. */
  excused: boolean;
}

interface Sent {
  readonly id: number;
  readonly sending: number;
  /** `extras.away`. */
  away: boolean;
}

interface MainLocal {
  queued: number[];
  sent: Sent[];
  tail: number;
  sending: number;
  aborts: number;
}

interface WorkerLocal {
  at: 'loop' | 'running' | 'ending';
  /** `workers/input/arguments.ts`: id by sending. */
  kept: [sending: number, id: number][];
  dropped: number[];
  last: number;
}

export function givingModel(options: GivingOptions): Model<GivingGhost> {
  const { Window, Handover, requests, aborts, error } = options;
  const position = 0xfffe;
  const setting = new WindowSetting({ Window, capacity: 2, requests, position, messages: true });
  const window = setting.windows[0]!;
  const handover = new Handover(window.memory);

  const main: ActorModel<MainLocal, GivingGhost> = {
    name: 'main',
    local: {
      queued: Array.from({ length: requests }, (_, i) => i + 1),
      sent: [],
      tail: position,
      sending: 0,
      aborts,
    },
    activity: (local, steps) => {
      /** `WindowWriter.stage` and `post`. */
      const post = () => {
        const id = local.queued.shift()!;
        const given = error === 'posts without a give' || handover.give();
        if (given && error === 'says given before it is sent') handover.given();
        if (given || error === 'sends what was refused') {
          local.sending++;
          steps.send('arguments', [local.sending, id]);
          steps.note(({ place }) => {
            place[id] = 'port';
          });
        }
        if (given && error !== 'says given before it is sent') handover.given();
        steps.write(setting.request(0, local.tail), local.sending * 16 + id);
        window.post(1);
        local.tail = (local.tail + 1) & 0xffff;
        local.sent.push({ id, sending: local.sending, away: given });
      };
      /** `WindowWriter.withdraw`, of the last one. */
      const abort = () => {
        local.aborts--;
        if (window.reclaim(1) === 0) return;
        local.tail = (local.tail - 1) & 0xffff;
        const { id, sending } = local.sent.pop()!;
        steps.send('control', sending);
        steps.note(({ place }) => {
          place[id] = 'aborted';
        });
      };
      const receiveAll = () => {
        for (const id of steps.drain('main')) {
          const returned = local.sent.find((sent) => sent.id === id);
          if (returned === undefined) continue;
          returned.away = false;
          steps.note(({ place }) => {
            if (place[returned.id] === 'on its way back') place[returned.id] = 'main';
          });
        }
      };
      /** `Worker.#died`, `WindowWriter.takeRemains` and `CrashRecovery.moveOn`. */
      const died = () => {
        if (error !== 'looks at the window before it receives') receiveAll();
        const unstarted = local.sent.splice(local.sent.length - window.reclaim(local.sent.length));
        steps.note(({ place, excused }) => {
          for (const { id, away } of unstarted) {
            const where = place[id];
            steps.check(
              !away || excused,
              `what was transferred with request ${id} is called lost, and is ${where}`,
            );
            steps.check(away || where === 'main', `request ${id} is to run elsewhere, and is ${where}`);
            if (away) place[id] = 'lost';
          }
        });
      };

      const moves: (() => unknown)[] = [receiveAll];
      if (local.queued.length > 0 && local.sent.length < 2) moves.push(post);
      if (local.aborts > 0 && local.sent.length > 0) moves.push(abort);
      // The end of a thread is an event of its own, and no message of the port: it may come before them.
      moves.push(() => {
        if (steps.drain('exits').length === 0) return undefined;
        died();
        return 'over';
      });
      return moves[steps.choose(moves.length, 'main chooses')]!() === 'over' ? undefined : local;
    },
  };

  const worker: ActorModel<WorkerLocal, GivingGhost> = {
    name: 'worker',
    local: { at: 'loop', kept: [], dropped: [], last: 0 },
    activity: (local, steps) => {
      /** `Arguments.#read`: null, there is none; undefined, it was dropped. */
      const read = (): [number, number] | null | undefined => {
        const message = steps.poll('arguments') as [number, number] | null;
        if (message === null) return null;
        const [sending] = message;
        local.last = sending;
        if (!local.dropped.includes(sending)) return message;
        local.dropped = local.dropped.filter((other) => other !== sending);
        return undefined;
      };
      const keep = (message: [number, number] | undefined) => {
        if (message === undefined) return;
        local.kept.push(message);
        steps.note(({ place }) => {
          if (place[message[1]] === 'port') place[message[1]] = 'kept';
        });
      };
      const turn = () => {
        for (const sending of steps.drain('control') as number[]) {
          local.kept = local.kept.filter(([key]) => key !== sending);
          if (sending > local.last) local.dropped.push(sending);
        }
        while (local.dropped.length > 0) {
          const message = read();
          if (message === null) break;
          keep(message);
        }
      };
      const take = (wanted: number): number | undefined => {
        const kept = local.kept.find(([sending]) => sending === wanted);
        local.kept = local.kept.filter((entry) => entry !== kept);
        if (kept !== undefined) return kept[1];
        while (local.last < wanted) {
          const message = read();
          if (message === null) break;
          if (message?.[0] === wanted) return message[1];
        }
        return undefined;
      };
      const start = (): WorkerLocal['at'] => {
        const claimed = window.claim();
        if (claimed < 0) return 'loop';
        const slot = steps.read(setting.request(0, claimed));
        const [id, sending] = [slot & 15, slot >> 4];
        const found = take(sending);
        steps.check(found === id, `request ${id} starts with the arguments of ${found}`);
        steps.note(({ place }) => {
          place[id] = 'started';
        });
        return 'running';
      };
      switch (local.at) {
        case 'loop': {
          const move = steps.choose(3, 'worker claims, turns its event loop, or ends');
          if (move === 0) local.at = start();
          else if (move === 1) turn();
          else local.at = 'ending';
          return local;
        }
        case 'running':
          return { ...local, at: steps.choose(2, 'worker completes or ends') === 0 ? 'loop' : 'ending' };
        case 'ending': {
          if (!handover.takeLast()) {
            steps.note((ghost) => {
              ghost.excused = true;
            });
          }
          if (error !== 'returns without a last look') {
            for (let message = read(); message !== null; message = read()) keep(message);
          }
          for (const [, id] of local.kept) {
            steps.send('main', id);
            steps.note(({ place }) => {
              if (place[id] === 'kept') place[id] = 'on its way back';
            });
          }
          steps.send('exits', 1);
          return undefined;
        }
      }
    },
    ...(options.dies !== true
      ? {}
      : {
          died: ({ queues, ghost }) => {
            ghost.excused = true;
            queues.exits!.push(1);
          },
        }),
  };

  return {
    cells: setting.cells,
    buffers: setting.buffers,
    queues: ['main', 'exits', 'arguments', 'control'],
    ghost: {
      place: Object.fromEntries(main.local.queued.map((id) => [id, 'main'])),
      excused: false,
    },
    actors: [main, worker],
    ended: ({ actors }) => actors[0]!.next === undefined,
    deaths: options.dies === true ? 1 : 0,
    coarse: true,
    maxStates: 100_000,
  };
}
