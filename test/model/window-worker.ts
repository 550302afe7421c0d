/** A worker's side: `workers/main.ts`, as far as it touches shared memory or messages. */
import type { ActorModel, Json } from './model.js';
import type { WindowGhost, WindowSetting, WindowSteps } from './window-setting.js';

export interface WorkerLocal {
  at: 'claim' | 'run' | 'announce' | 'empty' | 'nap' | 'asleep';
  position: number;
  peeked: number;
  /** What came by message, by sending. */
  stash: number[];
}

function handle(local: WorkerLocal, message: Json): void {
  const { args, drop = [] } = message as { args?: number; drop?: number[] };
  local.stash = local.stash.filter((sending) => sending !== args && !drop.includes(sending));
  if (args !== undefined) local.stash.push(args);
}

export function workerThread(setting: WindowSetting, w: number): ActorModel<WorkerLocal, WindowGhost> {
  const { error, messages, sleepsAtOnce } = setting.options;
  const window = setting.windows[w]!;
  const name = setting.names[w]!;

  const activity = (local: WorkerLocal, steps: WindowSteps): WorkerLocal => {
    switch (local.at) {
      case 'claim': {
        let peeked = 0;
        if (error === 'reads before it claims') peeked = steps.read(setting.request(w, window.head()));
        const position = window.claim();
        if (position < 0) return { ...local, at: 'empty' };
        return { ...local, at: 'run', position, peeked };
      }
      case 'run': {
        const slot = local.peeked || steps.read(setting.request(w, local.position));
        const { id, sending } = setting.inSlot(slot);
        steps.note((ghost) => {
          steps.check(
            ghost.fate[id] === 'sent',
            `request ${id} is started and was ${ghost.fate[id] ?? 'never sent'}`,
          );
          steps.check(ghost.running[name] === undefined, 'two requests run at a time');
          ghost.fate[id] = 'started';
          ghost.running[name] = id;
        });
        if (setting.byMessage(id)) {
          if (!local.stash.includes(sending)) {
            for (const message of steps.drain(name)) handle(local, message);
          }
          steps.check(local.stash.includes(sending), `the arguments of request ${id} are not there`);
          local.stash = local.stash.filter((other) => other !== sending);
        }
        const write = () => {
          if (setting.byMessage(id)) steps.send('main', { result: id });
          steps.write(setting.completion(w, local.position), id);
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
        if (sleepsAtOnce) return { ...local, at: window.sleep() ? 'asleep' : 'claim' };
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

  return {
    name: `worker ${name}`,
    local: { at: 'claim', position: 0, peeked: 0, stash: [] },
    activity,
    died: ({ queues }) => {
      queues.main!.push({ exit: w });
    },
  };
}
