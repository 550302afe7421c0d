/**
 * The window's protocol as a model: the real `Window` under the explorer, between a main thread and worker
 * threads that follow `src/worker/worker.ts`, `src/dispatch/poller.ts` and `workers/main.ts` in everything
 * that touches shared memory or sends a message. What these decide by clocks and policies (how many to post,
 * when to take back, to poll or to sleep, to announce now or later, when time runs out) is chosen freely, so
 * every such decision is covered at every moment.
 */
import type { Model, World } from './model.js';
import { mainThread } from './window-main.js';
import { type WindowGhost, type WindowModelOptions, WindowSetting } from './window-setting.js';
import { type WorkerLocal, workerThread } from './window-worker.js';

export function windowModel(options: WindowModelOptions): Model<WindowGhost> {
  const setting = new WindowSetting(options);
  const { names, cells, buffers } = setting;
  const main = mainThread(setting);
  return {
    cells,
    buffers,
    queues: ['main', ...names, ...names.map((_, w) => setting.port(w))],
    ghost: {
      fate: Object.fromEntries(main.local.queued.map((id) => [id, 'queued'])),
      settled: {},
      running: {},
      mayWake: false,
      expired: [],
    },
    actors: [main, ...names.map((_, w) => workerThread(setting, w))],
    ended: ({ actors }) => actors[0]!.next === undefined,
    invariant: (world) => settledTwice(world) ?? leak(world, options.requests),
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
    const { kept, dropped } = local as unknown as WorkerLocal;
    const unread = queues[`${next.queue} arguments`]!;
    if (kept.length + dropped.length + unread.length > 0)
      return `the worker keeps the arguments of request ${[...kept, ...unread]} for ever, and ${dropped} in mind`;
  }
  return undefined;
}
