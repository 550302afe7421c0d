/** The members of the pool, from the start of a thread to its end. */
import type { Member } from './member.js';

export class Members {
  readonly #members = new Map<number, Member>();

  add(member: Member): void {
    this.#members.set(member.worker.id, member);
  }

  delete(member: Member): void {
    this.#members.delete(member.worker.id);
  }

  get(id: number): Member | undefined {
    return this.#members.get(id);
  }

  has(id: number): boolean {
    return this.#members.has(id);
  }

  /** All of them, those that start or leave included, the oldest first. */
  all(): IterableIterator<Member> {
    return this.#members.values();
  }

  /** Size of the set; see `Member.counts`. O(n). */
  get size(): number {
    let size = 0;
    for (const member of this.#members.values()) if (member.counts) size++;
    return size;
  }

  /** Number of members whose threads come up. O(n). */
  get starting(): number {
    let starting = 0;
    for (const { state } of this.#members.values()) if (state === 'starting') starting++;
    return starting;
  }

  /** Number of members that get requests. O(n). */
  get ready(): number {
    let ready = 0;
    for (const { getsRequests } of this.#members.values()) if (getsRequests) ready++;
    return ready;
  }

  /** How many get no requests yet and have no predecessor. O(n). */
  get coming(): number {
    let coming = 0;
    for (const { state, replaces } of this.#members.values()) {
      if (state === 'starting' && replaces === undefined) coming++;
    }
    return coming;
  }

  /** How many get no requests yet, and follow a worker that takes no more of them. O(n). */
  get succeeding(): number {
    let succeeding = 0;
    for (const { state, replaces } of this.#members.values()) {
      if ((state !== 'starting' && state !== 'in-reserve') || replaces === undefined) continue;
      if (!replaces.getsRequests || replaces.worker.status.allowance <= 0) succeeding++;
    }
    return succeeding;
  }

  /** Whether any member gets requests, or will when its thread is up. O(n). */
  get hasStaying(): boolean {
    for (const { isStaying } of this.#members.values()) if (isStaying) return true;
    return false;
  }

  /** Whether any member has that label, one that leaves included. O(n). */
  hasLabel(label: string): boolean {
    for (const { worker } of this.#members.values()) if (worker.view.label === label) return true;
    return false;
  }

  /** Whether a member that stays has that slot. O(n). */
  hasSlot(slot: number): boolean {
    for (const { worker, isStaying } of this.#members.values()) {
      if (isStaying && worker.slot === slot) return true;
    }
    return false;
  }

  /** Whether a member that leaves has that slot still. O(n). */
  isLeavingSlot(slot: number): boolean {
    for (const { worker, isStaying } of this.#members.values()) {
      if (!isStaying && worker.slot === slot) return true;
    }
    return false;
  }

  /** Whether a member that stays has the place of that label. O(n). */
  hasPlace(label: string): boolean {
    for (const { worker, isStaying } of this.#members.values()) {
      if (isStaying && worker.view.label === label) return true;
    }
    return false;
  }

  /** The member that is being started in the place of that one. O(n). */
  successorOf(member: Member): Member | undefined {
    for (const other of this.#members.values()) if (other.replaces === member) return other;
    return undefined;
  }

  /**
   * The members to give up so that `size` remain: those without sessions first, of these the least busy, of
   * these the youngest. O(n log n).
   */
  surplus(size: number): Member[] {
    const counted = [...this.#members.values()].filter((member) => member.counts);
    counted.sort(
      ({ worker: a }, { worker: b }) =>
        a.sessions - b.sessions || a.view.pending - b.view.pending || b.id - a.id,
    );
    return counted.slice(0, Math.max(0, counted.length - size));
  }

  /** A member together with its successor and with the one whose successor it is. O(n). */
  chain(member: Member): Member[] {
    const chain = new Set([member]);
    for (const one of chain) {
      for (const other of this.#members.values()) {
        if (other.isStaying && (other.replaces === one || one.replaces === other)) chain.add(other);
      }
    }
    return [...chain];
  }
}
