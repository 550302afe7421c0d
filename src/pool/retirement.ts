/** How workers leave the set: when they have finished, as broken, or at once. */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Member } from './member.js';
import type { Members } from './members.js';

export class Retirement {
  readonly #members: Members;
  readonly #dispatcher: Dispatcher;
  #isEnd = false;

  constructor(members: Members, dispatcher: Dispatcher) {
    this.#members = members;
    this.#dispatcher = dispatcher;
  }

  /** Lets a worker finish what it has started; one that still starts is ended. Resolves when its thread has ended. */
  retire(member: Member): Promise<void> {
    if (!member.leaving) {
      member.leaving = true;
      const { worker } = member;
      // One that died while its successor was starting is dead, and must not look as if it drained.
      if (worker.state === 'dead') return member.ended.promise;
      if (!member.admitted) worker.terminate();
      else {
        worker.state = 'draining';
        this.#dispatcher.retire(worker);
        // With open sessions it stays until the last of them is closed.
        if (worker.sessions === 0 || this.#isEnd) worker.retire();
      }
    } else if (this.#isEnd && member.worker.state === 'draining') {
      // It has stayed for its sessions.
      member.worker.retire();
    }
    return member.ended.promise;
  }

  /** Retires a worker together with those that are to take its place, or whose place it is to take. */
  retireChain(member: Member): Promise<void>[] {
    return this.#members.chain(member).map((one) => this.retire(one));
  }

  /** Retires all, for good: sessions do not hold them. Resolves when all threads have ended. */
  async retireAll(): Promise<void> {
    this.#isEnd = true;
    await Promise.all([...this.#members.all()].map((member) => this.retire(member)));
  }

  /**
   * Takes a worker out at once: what it has not started runs elsewhere, its sessions move.
   * @param cause ends its thread at once, for this reason; `undefined`: when the running request is over
   */
  eject(member: Member, cause: Error | undefined): void {
    member.leaving = true;
    const { worker } = member;
    worker.state = 'ejected';
    this.#dispatcher.retire(worker);
    if (cause === undefined) worker.retire();
    else worker.terminate(cause);
  }

  /** Ends all threads at once. */
  terminateAll(): void {
    this.#isEnd = true;
    for (const member of this.#members.all()) {
      member.leaving = true;
      member.worker.terminate();
    }
  }
}
