/** A worker's membership in the pool: how it came, and how it is to go. */

import type { Worker } from '../worker/worker.js';
import type { StartAttempt } from './circuit.js';

export interface Member {
  readonly worker: Worker;
  readonly attempt: StartAttempt;
  /** Resolves when it may get requests; rejects when it died, or was given up, before. */
  readonly ready: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<void>;
  /** The dispatcher has got it. */
  admitted: boolean;
  /** Its death is wanted, so nobody takes its place. */
  leaving: boolean;
  /** Another is being started in its place. */
  replaced: boolean;
  /** The one whose place it takes when it is ready. */
  readonly replaces: Member | undefined;
  /** It makes the set larger by one: if it cannot be started, the set stays as it was. */
  readonly isExtra: boolean;
}

export interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function makeMember(
  worker: Worker,
  attempt: StartAttempt,
  { replaces, isExtra = false }: { replaces?: Member; isExtra?: boolean },
): Member {
  const member: Member = {
    worker,
    attempt,
    ready: withResolvers(),
    ended: withResolvers(),
    admitted: false,
    leaving: false,
    replaced: false,
    replaces,
    isExtra,
  };
  // Who waits for it gets the rejection; often nobody does.
  member.ready.promise.catch(() => {});
  return member;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
