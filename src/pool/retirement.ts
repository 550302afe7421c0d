/** How workers leave the set: drained, ejected as broken, or terminated. */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Member } from './member.js';
import type { Members } from './members.js';

export class Retirement {
  readonly #members: Members;
  readonly #dispatcher: Dispatcher;
  #isClosing = false;

  constructor(members: Members, dispatcher: Dispatcher) {
    this.#members = members;
    this.#dispatcher = dispatcher;
  }

  /**
   * Lets a worker finish what it has started; terminates it if it is still starting. Resolves when its thread
   * has ended.
   */
  retire(member: Member): Promise<void> {
    const { worker } = member;
    if (member.isStaying) {
      member.leave();
      if (member.state === 'abandoned') worker.terminate();
      // Otherwise its thread is being ended, or has ended while the messages that it had sent are still being
      // received.
      else if (worker.state === 'ready') {
        worker.drain();
        this.#dispatcher.retire(worker);
        // With open sessions it stays until the last of them is closed.
        if (worker.sessions === 0 || this.#isClosing) worker.retire();
      }
    } else if (this.#isClosing && worker.state === 'draining') {
      // It has stayed for its sessions.
      worker.retire();
    }
    return member.ended.promise;
  }

  /** Ends a worker that comes up, or waits in reserve, and whose predecessor stays after all. */
  dismiss(member: Member): void {
    const isUp = member.state === 'in-reserve';
    member.leave();
    if (isUp) member.worker.retire();
    else member.worker.terminate();
  }

  /** Retires a worker together with its successor and with the one whose successor it is. */
  retireChain(member: Member): Promise<void>[] {
    return this.#members.chain(member).map((one) => this.retire(one));
  }

  /** Retires all workers for good: open sessions do not keep them. Resolves when all threads have ended. */
  async retireAll(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#members.all()].map((member) => this.retire(member)));
  }

  /**
   * Takes a worker out at once: its unstarted requests run elsewhere, its sessions move.
   * @param cause terminates its thread at once, for this reason; `undefined`: the running request may finish
   */
  eject(member: Member, cause: Error | undefined): void {
    member.leave();
    const { worker } = member;
    // Its thread has ended while the messages that it had sent are still being received.
    if (worker.state === 'dead') return;
    worker.eject();
    this.#dispatcher.retire(worker);
    if (cause === undefined) worker.retire();
    else worker.terminate(cause);
  }

  /** Terminates all threads at once. */
  terminateAll(): void {
    this.#isClosing = true;
    for (const member of this.#members.all()) {
      member.leave();
      member.worker.terminate();
    }
  }
}
