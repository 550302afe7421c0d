/** A worker's side: `workers/main.ts`, as far as it touches shared memory or messages. */
import type { ActorModel, Json } from './model.js';
import type { WindowGhost, WindowSetting, WindowSteps } from './window-setting.js';

export interface WorkerLocal {
  at: 'claim' | 'run' | 'announce' | 'empty' | 'nap' | 'asleep';
  position: number;
  peeked: number;
  /** `workers/input/arguments.ts`: by sending. */
  kept: number[];
  dropped: number[];
  last: number;
}

export function workerThread(setting: WindowSetting, w: number): ActorModel<WorkerLocal, WindowGhost> {
  const { error, expires, messages, sleepsAtOnce } = setting.options;
  const window = setting.windows[w]!;
  const name = setting.names[w]!;

  const handle = (local: WorkerLocal, message: Json): void => {
    const { drop = [] } = message as { drop?: number[] };
    local.kept = local.kept.filter((sending) => !drop.includes(sending));
    if (error !== 'forgets what it is to drop')
      local.dropped.push(...drop.filter((sending) => sending > local.last));
  };

  /** `Arguments.#read`: null, there is none; 0, it was dropped. */
  const read = (local: WorkerLocal, steps: WindowSteps): number | null => {
    const sending = steps.poll(setting.port(w)) as number | null;
    if (sending === null) return null;
    local.last = sending;
    if (!local.dropped.includes(sending)) return sending;
    local.dropped = local.dropped.filter((other) => other !== sending);
    return 0;
  };

  const take = (local: WorkerLocal, sending: number, steps: WindowSteps): boolean => {
    if (local.kept.includes(sending)) {
      local.kept = local.kept.filter((other) => other !== sending);
      return true;
    }
    while (local.last < sending) if (read(local, steps) === null) return false;
    return local.last === sending;
  };

  const tidy = (local: WorkerLocal, steps: WindowSteps): void => {
    while (local.dropped.length > 0 && error !== 'does not tidy') {
      const sending = read(local, steps);
      if (sending === null) break;
      if (sending !== 0 && error !== 'tidies what was not dropped') local.kept.push(sending);
    }
  };

  const wakeMain = (steps: WindowSteps): void => {
    steps.note((ghost) => {
      steps.check(ghost.mayWake, 'the main thread is woken twice from one sleep');
      ghost.mayWake = false;
    });
    steps.send('main', { wake: 1 });
  };

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
        const isOver = expires === true && steps.choose(2, 'its queue time is over') === 1;
        if (isOver) {
          steps.note((ghost) => {
            steps.check(ghost.fate[id] === 'sent', `request ${id} expires and was ${ghost.fate[id]}`);
            ghost.expired.push(id);
          });
          if (setting.byMessage(id) && error !== 'keeps the arguments of what has expired')
            if (sending > local.last) local.dropped.push(sending);
            else local.kept = local.kept.filter((other) => other !== sending);
          if (error === 'does not complete what has expired') return { ...local, at: 'claim', peeked: 0 };
        }
        if (isOver && error !== 'runs what has expired') {
          steps.write(setting.completion(w, local.position), setting.expired(id));
          window.complete(local.position);
          steps.note((ghost) => {
            ghost.fate[id] = 'completed';
          });
          return { ...local, at: 'announce', peeked: 0 };
        }
        steps.note((ghost) => {
          steps.check(
            ghost.fate[id] === 'sent',
            `request ${id} is started and was ${ghost.fate[id] ?? 'never sent'}`,
          );
          steps.check(ghost.running[name] === undefined, 'two requests run at a time');
          steps.check(!ghost.expired.includes(id), `request ${id} is started after its queue time`);
          ghost.fate[id] = 'started';
          ghost.running[name] = id;
        });
        if (setting.byMessage(id)) {
          steps.check(take(local, sending, steps), `the arguments of request ${id} are not there`);
        }
        const write = () => {
          if (setting.resultByMessage(id)) steps.send('main', { result: id });
          steps.write(setting.completion(w, local.position), setting.completed(id));
        };
        const publish = () => {
          window.complete(local.position);
          steps.note((ghost) => {
            ghost.fate[id] = 'completed';
            delete ghost.running[name];
          });
        };
        if (error === 'announces before it publishes' && window.mainSleeps() && window.wakeMain()) {
          wakeMain(steps);
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
        // Held back for company, for any number of completions, as `Announcer.completed` does for short
        // tasks.
        const hold = steps.choose(2, 'worker announces now or later') === 1;
        if (hold && (error === 'holds back although its window is empty' || window.unstarted() > 0)) {
          return { ...local, at: 'claim' };
        }
        if (window.wakeMain()) wakeMain(steps);
        return { ...local, at: 'claim' };
      }
      case 'empty':
        tidy(local, steps);
        // A turn of the event loop, or none: messages may be received, or not yet.
        if (messages !== undefined && steps.choose(2, 'worker turns its event loop') === 1) {
          for (const message of steps.drain(name)) handle(local, message);
          return { ...local, at: 'claim' };
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
    local: { at: 'claim', position: 0, peeked: 0, kept: [], dropped: [], last: 0 },
    activity,
    died: ({ queues }) => {
      queues.main!.push({ exit: w });
    },
  };
}
