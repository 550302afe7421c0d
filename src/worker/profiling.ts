/** The CPU profiles of one worker that are being made. */
import type { ToMain } from '../protocol/messages.js';
import type { MainChannel } from './connection.js';

type ProfileAnswer = Extract<ToMain, { type: 'profiled' }>;

/** A profile as JSON, or why there is none. */
export type ProfileResult = { readonly profile: string } | { readonly why: string };

/** One profile, from its start. */
export interface StartedProfile {
  /** Settled when the thread has answered, or has ended. */
  readonly result: Promise<ProfileResult>;
  /** Has the thread end it and answer. */
  stop(): void;
}

const ENDED: ProfileResult = { why: 'the thread has ended' };

let lastNumber = 0;

export class Profiling {
  readonly #channel: MainChannel;
  readonly #waiting = new Map<number, (result: ProfileResult) => void>();
  #hasEnded = false;

  constructor(channel: MainChannel) {
    this.#channel = channel;
  }

  /**
   * The thread begins when it hears of it: between two requests. @param interval between two samples, in µs
   */
  start(interval: number): StartedProfile {
    const number = ++lastNumber;
    const result = new Promise<ProfileResult>((resolve) => {
      if (this.#hasEnded) resolve(ENDED);
      else this.#waiting.set(number, resolve);
    });
    if (!this.#hasEnded) this.#channel.send({ type: 'profile', number, interval });
    return {
      result,
      stop: () => {
        if (!this.#hasEnded) this.#channel.send({ type: 'endProfile', number });
      },
    };
  }

  answered({ number, profile, why }: ProfileAnswer): void {
    const resolve = this.#waiting.get(number);
    this.#waiting.delete(number);
    resolve?.(profile === undefined ? { why: why ?? 'no reason is known' } : { profile });
  }

  /** The thread has ended. */
  end(): void {
    this.#hasEnded = true;
    for (const resolve of this.#waiting.values()) resolve(ENDED);
    this.#waiting.clear();
  }
}
