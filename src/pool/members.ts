/** Who is in the pool, and who is to be there soon. */
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

  /** All of them, also those that start or leave, the oldest first. */
  all(): IterableIterator<Member> {
    return this.#members.values();
  }

  /** How many there are without those that leave; one that is being replaced counts as one with its successor. O(n). */
  get size(): number {
    let size = 0;
    for (const member of this.#members.values()) if (!member.leaving && !member.replaced) size++;
    return size;
  }

  /** How many get no requests yet. O(n). */
  get starting(): number {
    let starting = 0;
    for (const { admitted, leaving } of this.#members.values()) if (!admitted && !leaving) starting++;
    return starting;
  }

  /** Whether anybody gets requests. O(n). */
  get hasWorking(): boolean {
    for (const { admitted, leaving } of this.#members.values()) if (admitted && !leaving) return true;
    return false;
  }

  /** Whether one has that label, if only to its end. O(n). */
  hasLabel(label: string): boolean {
    for (const { worker } of this.#members.values()) if (worker.view.label === label) return true;
    return false;
  }

  /** Whether one has the place of that label, and stays. O(n). */
  hasPlace(label: string): boolean {
    for (const { worker, leaving } of this.#members.values()) {
      if (!leaving && worker.view.label === label) return true;
    }
    return false;
  }

  /** Those to give up so that `size` stay: without sessions first, of these the idle ones, of these the youngest. O(n log n). */
  surplus(size: number): Member[] {
    const staying = [...this.#members.values()].filter((member) => !member.leaving && !member.replaced);
    staying.sort(
      ({ worker: a }, { worker: b }) =>
        a.sessions - b.sessions || a.view.pending - b.view.pending || b.id - a.id,
    );
    return staying.slice(0, Math.max(0, staying.length - size));
  }

  /** One together with those that are to take its place, or whose place it is to take. O(n). */
  chain(member: Member): Member[] {
    const chain = new Set([member]);
    for (const one of chain) {
      for (const other of this.#members.values()) {
        if (!other.leaving && (other.replaces === one || one.replaces === other)) chain.add(other);
      }
    }
    return [...chain];
  }
}
