/**
 * Fresh workers in reserve. The successor of a worker that comes near `maxRequestsPerWorker`, or whose thread is
 * about to be ended, is started ahead of time. When it is up, it waits until the other one has run all that it may: a
 * thread takes longer to start than many requests to run, so none is replaced sooner than it has to be, and never do
 * more run than there are workers.
 */
import type { Member } from './member.js';
import type { Members } from './members.js';
import type { UsageLimits } from './usage-limits.js';

export class Reserves {
  readonly #members: Members;
  readonly #limits: UsageLimits;
  readonly #admit: (member: Member) => void;

  /** @param admit has the member take its predecessor's place */
  constructor(members: Members, limits: UsageLimits, admit: (member: Member) => void) {
    this.#members = members;
    this.#limits = limits;
    this.#admit = admit;
  }

  /** Whether a member that has just come up waits here. */
  takes(member: Member): boolean {
    const { replaces, mayWait } = member;
    if (!mayWait || replaces === undefined || !this.#hasRequestsLeft(replaces)) return false;
    member.enter('in-reserve');
    return true;
  }

  /** The member is spent, or on its way out: its successor takes its place, if it waits here. */
  relieve(member: Member): void {
    const successor = this.#members.successorOf(member);
    if (successor?.state === 'in-reserve') this.#admit(successor);
  }

  /** Nobody waits here any more, nor do those that are coming up: all workers are to be as they should be. */
  dissolve(): void {
    for (const member of [...this.#members.all()]) {
      member.mayWait = false;
      if (member.state === 'in-reserve') this.#admit(member);
    }
  }

  #hasRequestsLeft({ getsRequests, worker }: Member): boolean {
    return getsRequests && worker.state === 'ready' && !this.#limits.isOver(worker);
  }
}
