/** How an actor's activity is run step by step, on real code that calls `Atomics`; see `explorer.ts`. */
import {
  type ActorState,
  type Json,
  type Model,
  type Pending,
  type Steps,
  Violation,
  type World,
} from './model.js';

/** Thrown through the activity when it reaches a step that it may not take yet. */
export const paused = Symbol('paused');

/**
 * One run of an activity: as far as its log goes, then the one step that is granted, then on to the next one.
 */
export class Run<Ghost> implements Steps<Ghost> {
  readonly world: World<Ghost>;
  readonly actor: ActorState;
  readonly #buffers: ReadonlyMap<ArrayBufferLike, string>;
  /** The step that may be taken: which alternative; undefined: none. */
  #granted: number | undefined;
  #at = 0;
  /** Whether what is noted is new, rather than repeated. */
  #live: boolean;
  /** Whether the step granted is taken. */
  #stepped = false;
  readonly #coarse: boolean;
  taken = '';

  constructor(model: Model<Ghost>, world: World<Ghost>, actor: ActorState, granted?: number) {
    this.world = world;
    this.actor = actor;
    this.#buffers = model.buffers;
    this.#coarse = model.coarse ?? false;
    this.#granted = granted;
    this.#live = granted === undefined && actor.log.length === 0;
  }

  #step(pending: Pending, take: (alternative: number) => Json | typeof paused, free = false): Json {
    const { log } = this.actor;
    if (this.#at < log.length) {
      const result = log[this.#at++]!;
      // With nothing granted the last result is new: another actor, or time, has ended the wait for it.
      if (this.#granted === undefined && this.#at === log.length) this.#live = this.#stepped = true;
      return result;
    }
    if (free && this.#live && this.#stepped) {
      const result = take(0);
      log.push(result as Json);
      this.#at += 1;
      return result as Json;
    }
    if (this.#granted === undefined) {
      this.actor.next = pending;
      throw paused;
    }
    const alternative = this.#granted;
    this.#granted = undefined;
    const result = take(alternative);
    if (result === paused) {
      this.taken = `${pending.label} … sleeps`;
      throw paused;
    }
    this.#live = true;
    this.#stepped = true;
    log.push(result);
    this.#at += 1;
    this.taken = result === null ? pending.label : `${pending.label} = ${JSON.stringify(result)}`;
    return result;
  }

  #do(label: string, take: () => Json, free = false): Json {
    return this.#step({ kind: 'do', label }, take, free);
  }

  /** The log goes with the activity. */
  begin(): void {
    this.actor.log = [];
    this.#at = 0;
  }

  read(cell: string): number {
    return this.#load(cell, this.#coarse);
  }
  write(cell: string, value: number): void {
    this.#store(cell, value, this.#coarse);
  }
  send(queue: string, message: Json): void {
    this.#do(`send ${queue} ${JSON.stringify(message)}`, () => {
      this.world.queues[queue]!.push(message);
      return null;
    });
  }
  receive(queue: string): Json {
    return this.#step(
      { kind: 'receive', label: `receive ${queue}`, queue },
      () => this.world.queues[queue]!.shift()!,
    );
  }
  poll(queue: string): Json {
    return this.#do(`poll ${queue}`, () => this.world.queues[queue]!.shift() ?? null);
  }
  drain(queue: string, except?: string): Json[] {
    return this.#do(`drain ${queue}`, () => {
      const all = this.world.queues[queue]!;
      const stays = (message: Json) => except !== undefined && Object.hasOwn(message as object, except);
      this.world.queues[queue] = all.filter(stays);
      return all.filter((message) => !stays(message));
    }) as Json[];
  }
  choose(count: number, label: string): number {
    if (count === 1) return 0;
    return this.#step({ kind: 'choose', label, count }, (alternative) => alternative) as number;
  }
  note(change: (ghost: Ghost, world: World<Ghost>) => void): void {
    if (this.#live) change(this.world.ghost, this.world);
  }
  check(condition: boolean, rule: string): void {
    if (!condition && this.#live) throw new Violation(rule);
  }

  #load(cell: string, free: boolean): number {
    return this.#do(`read ${cell}`, () => this.#get(cell), free) as number;
  }
  #store(cell: string, value: number, free: boolean): void {
    const take = () => {
      this.#get(cell);
      this.world.cells[cell] = value;
      return null;
    };
    this.#do(`write ${cell} ${value}`, take, free);
  }
  #get(cell: string): number {
    const value = this.world.cells[cell];
    if (value === undefined) throw new Error(`the model has no cell ${cell}`);
    return value;
  }
  #cell(array: { readonly buffer: ArrayBufferLike }, index: number): string {
    return `${this.#buffers.get(array.buffer) ?? '?'}.${index}`;
  }

  /** Stands for the global `Atomics` while the activity runs. */
  readonly atomics = {
    load: (array: Int32Array, index: number) => this.#load(this.#cell(array, index), false),
    store: (array: Int32Array, index: number, value: number) => {
      this.#store(this.#cell(array, index), value | 0, false);
      return value;
    },
    exchange: (array: Int32Array, index: number, value: number) =>
      this.#change('exchange', array, index, `${value}`, () => value),
    add: (array: Int32Array, index: number, value: number) =>
      this.#change('add', array, index, `${value}`, (old) => old + value),
    sub: (array: Int32Array, index: number, value: number) =>
      this.#change('sub', array, index, `${value}`, (old) => old - value),
    compareExchange: (array: Int32Array, index: number, expected: number, value: number) =>
      this.#change('compareExchange', array, index, `${expected} → ${value}`, (old) =>
        old === expected ? value : old,
      ),
    wait: (array: Int32Array, index: number, expected: number, timeout?: number) => {
      const cell = this.#cell(array, index);
      const label = timeout === undefined || timeout === Number.POSITIVE_INFINITY ? 'wait' : 'wait (limited)';
      return this.#step({ kind: 'do', label: `${label} ${cell}` }, () => {
        if (this.#get(cell) !== expected) return 'not-equal';
        this.actor.next = { kind: 'wait', label: `${label} ${cell}`, cell };
        return paused;
      });
    },
    notify: (array: Int32Array, index: number) => {
      const cell = this.#cell(array, index);
      return this.#do(`notify ${cell}`, () => {
        const sleeper = this.world.actors.find(({ next }) => next?.kind === 'wait' && next.cell === cell);
        if (sleeper === undefined) return 0;
        sleeper.log.push('ok');
        sleeper.next = { kind: 'do', label: 'woken' };
        return 1;
      });
    },
  };

  #change(
    name: string,
    array: Int32Array,
    index: number,
    what: string,
    change: (old: number) => number,
  ): number {
    const cell = this.#cell(array, index);
    return this.#do(`${name} ${cell} ${what}`, () => {
      const old = this.#get(cell);
      this.world.cells[cell] = change(old) | 0;
      return old;
    }) as number;
  }
}
