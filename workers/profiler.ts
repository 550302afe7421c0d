/**
 * The CPU profiler of a thread: V8's, by an inspector in the thread itself. (The inspector of the main thread
 * could interrupt a thread that computes; but a thread that dies while it does so takes the process with it,
 * in Node 20.)
 */
import type { ToMain } from '../src/protocol/messages.js';

export type ProfileAnswer = Extract<ToMain, { type: 'profiled' }>;

/** The inspector's session, as far as it is used here. */
interface Session {
  connect(): void;
  disconnect(): void;
  post(
    method: string,
    params: object,
    done: (error: Error | null, result: { readonly profile: unknown }) => void,
  ): void;
}

export class Profiler {
  /** By the number of the profile: several may run at a time. */
  readonly #sessions = new Map<number, Session>();
  readonly #answer: (answer: ProfileAnswer) => void;

  constructor(answer: (answer: ProfileAnswer) => void) {
    this.#answer = answer;
  }

  /** @param interval between two samples, in µs */
  start(number: number, interval: number): void {
    try {
      const inspector = process.getBuiltinModule('node:inspector');
      const session = new inspector.Session() as unknown as Session;
      session.connect();
      this.#sessions.set(number, session);
      const done = (error: Error | null): void => {
        if (error !== null) this.#failed(number, error);
      };
      session.post('Profiler.enable', {}, done);
      session.post('Profiler.setSamplingInterval', { interval }, done);
      session.post('Profiler.start', {}, done);
    } catch (error) {
      this.#failed(number, error);
    }
  }

  stop(number: number): void {
    const session = this.#sessions.get(number);
    session?.post('Profiler.stop', {}, (error, result) => {
      if (error !== null) this.#failed(number, error);
      else this.#end({ type: 'profiled', number, profile: JSON.stringify(result.profile), why: undefined });
    });
  }

  #failed(number: number, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#end({ type: 'profiled', number, profile: undefined, why });
  }

  #end(answer: ProfileAnswer): void {
    this.#sessions.get(answer.number)?.disconnect();
    this.#sessions.delete(answer.number);
    this.#answer(answer);
  }
}
