/**
 * The health port of a machine that another one takes over from: it is free as soon as that one begins to end, which
 * it does when the other one is ready.
 */
import { errnoOf } from '../files/errno.js';
import { type HealthAnswers, type HealthServer, listen } from './health.js';

/** Between two attempts, in ms. */
const PAUSE_MS = 50;

export interface HandoverEvents {
  listening(port: number): void;
  /** It is not to be had. */
  failed(error: unknown): void;
}

/** Listens as soon as the port is free, or gives up when its holder is gone and it is not. */
export function listenWhenFree(
  port: number,
  answers: HealthAnswers,
  isHeld: () => boolean,
  events: HandoverEvents,
): Pick<HealthServer, 'close'> {
  let server: HealthServer | undefined;
  let isClosed = false;
  const attempt = async (): Promise<void> => {
    if (isClosed) return;
    // Before the attempt: it may let go of the port, and end, meanwhile.
    const wasHeld = isHeld();
    try {
      server = await listen(port, answers);
      if (isClosed) server.close();
      else events.listening(server.port);
    } catch (error) {
      if (isClosed) return;
      if (wasHeld && errnoOf(error) === 'EADDRINUSE') setTimeout(attempt, PAUSE_MS).unref();
      else events.failed(error);
    }
  };
  void attempt();
  return {
    close() {
      isClosed = true;
      server?.close();
    },
  };
}
