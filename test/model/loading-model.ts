/**
 * Step 6 of the protocol of `src/protocol/window.ts` as a model: a thread loads the function of a request
 * whose queue time ends meanwhile. The words and the methods are the real ones.
 */
import { LOADING, Memory, windowBytes } from '../../dist/src/protocol/layout.js';
import type { ThreadStatus } from '../../dist/src/protocol/thread-status.js';
import type { ActorModel, Model } from './model.js';

export interface LoadingOptions {
  /** The real class, or one with an error in it. */
  readonly ThreadStatus: typeof ThreadStatus;
  /** The main thread looks and then acts, as two steps. */
  readonly looksFirst?: boolean;
}

export interface LoadingGhost {
  started: number[];
  rejected: number[];
}

/** Requests 1 and 2 run one after the other; the queue time of both ends at any moment. */
export function loadingModel({ ThreadStatus, looksFirst }: LoadingOptions): Model<LoadingGhost> {
  const shared = new SharedArrayBuffer(windowBytes(2));
  const status = new ThreadStatus(new Memory(shared));

  const main: ActorModel<{ over: number[] }, LoadingGhost> = {
    name: 'main',
    local: { over: [1, 2] },
    activity: ({ over }, steps) => {
      const [id, ...others] = over;
      if (id === undefined) return undefined;
      const isForbidden = looksFirst === true ? status.isLoading(id) : status.forbidStart(id);
      if (looksFirst === true && isForbidden) status.forbidStart(id);
      steps.note(({ started, rejected }) => {
        if (isForbidden) rejected.push(id);
        steps.check(!isForbidden || !started.includes(id), `request ${id} is rejected, and has started`);
      });
      return { over: others };
    },
  };

  const worker: ActorModel<{ left: number[] }, LoadingGhost> = {
    name: 'worker',
    local: { left: [1, 2] },
    activity: ({ left }, steps) => {
      const [id, ...others] = left;
      if (id === undefined) return undefined;
      status.noteLoading(id);
      const mayStart = status.mayStart(id);
      steps.note(({ started, rejected }) => {
        if (mayStart) started.push(id);
        steps.check(!mayStart || !rejected.includes(id), `request ${id} starts, and is rejected`);
        steps.check(mayStart || rejected.includes(id), `request ${id} neither starts nor is rejected`);
      });
      return { left: others };
    },
  };

  return {
    cells: { [`a.${LOADING}`]: 0 },
    buffers: new Map([[shared as ArrayBufferLike, 'a']]),
    queues: [],
    ghost: { started: [], rejected: [] },
    actors: [main, worker],
    ended: ({ actors }) => actors.every(({ next }) => next === undefined),
  };
}
