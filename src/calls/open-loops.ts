/**
 * Loops over `map` and `stream` that have begun and have not been told of their end. `closeOnSignal` looks at
 * them: a process that ended by the signal would cut the bodies of such loops, and their `finally` blocks.
 */
export interface Loop {
  /** The Balancer is closed: the loop ends when its caller has taken what there is. */
  shut(): void;
  /** The Balancer has ended: what waits for somebody else alone waits no longer than a moment. */
  closed(): void;
  /** The time to leave has come: the caller gets no more of what there is. */
  cut(): void;
}

export class OpenLoops {
  /** Weak, since a caller may drop an iterator in the middle. */
  readonly #open = new Set<WeakRef<Loop>>();
  readonly #dropped = new FinalizationRegistry<WeakRef<Loop>>((ref) => this.#open.delete(ref));

  /** How many there are. O(n). */
  get size(): number {
    let size = 0;
    for (const ref of this.#open) if (ref.deref() !== undefined) size++;
    return size;
  }

  /** @returns what `leave` is to be called with */
  enter(loop: Loop): WeakRef<Loop> {
    const ref = new WeakRef(loop);
    this.#open.add(ref);
    this.#dropped.register(loop, ref, ref);
    return ref;
  }

  /** The loop has been told of its end. */
  leave(ref: WeakRef<Loop>): void {
    this.#open.delete(ref);
    this.#dropped.unregister(ref);
  }

  /** The Balancer has ended. */
  closed(): void {
    for (const ref of [...this.#open]) ref.deref()?.closed();
  }

  /** Tells all of them that the Balancer is closed, and is to be left. */
  tell(): void {
    for (const ref of [...this.#open]) ref.deref()?.shut();
  }

  /** Ends all of them, whatever their callers have not taken. */
  cut(): void {
    for (const ref of [...this.#open]) ref.deref()?.cut();
  }
}

/** The loops of a Balancer, of a Router's Balancers; of anything else that can be closed there are none. */
export const openLoops = Symbol.for('leastwork.openLoops');

export function loopsOf(target: object): readonly OpenLoops[] {
  const loops = (target as { [openLoops]?: () => readonly OpenLoops[] })[openLoops];
  return typeof loops === 'function' ? loops.call(target) : [];
}
