/**
 * An explicit-state model checker: walks every interleaving of a few actors that share memory and queues, breadth first, so
 * that a counterexample is a shortest one.
 *
 * Actors run real code. Code under test calls the global `Atomics`, which is replaced while a model runs: each call
 * is one step of that actor, and between two steps any other actor may take any number of its own. Since JavaScript cannot be stopped
 * in the middle of a function, an actor is stopped by an exception and later run again from the beginning of its
 * current activity, with the results of the steps that it has already taken (its log) given to it once more. So an
 * activity must depend on nothing but its local state and those results.
 *
 * Checked of every reachable state: the invariant; and that an end is reachable without weak steps (time running out). A lost wake-up, a deadlock
 * and a livelock are all states without such a way.
 */

/** What JSON can say: states are kept as text. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** One actor: from its local state to the next one. Returns `undefined` when it has ended. */
export interface ActorModel<Local, Ghost> {
  readonly name: string;
  readonly local: Local;
  readonly activity: (local: Local, steps: Steps<Ghost>) => Local | undefined;
  /** Where given, the actor may die before any of its steps; called then. */
  readonly died?: (world: World<Ghost>) => void;
}

export interface Model<Ghost> {
  /** Every cell of shared memory with its first value. `Atomics` reaches the cell `<name>.<index>` of a buffer named in `buffers`. */
  readonly cells: Record<string, number>;
  readonly buffers: ReadonlyMap<ArrayBufferLike, string>;
  readonly queues: readonly string[];
  /** What the checks want to know and no actor can: history. Changed by `Steps.note` alone. */
  readonly ghost: Ghost;
  // biome-ignore lint/suspicious/noExplicitAny: each actor has its own kind of local state
  readonly actors: readonly ActorModel<any, Ghost>[];
  /** Whether a state is an end: nothing is left to do. */
  readonly ended: (world: World<Ghost>) => boolean;
  /** What is wrong with a state, if anything. */
  readonly invariant?: (world: World<Ghost>) => string | undefined;
  /** Deaths in one run. Default 0. */
  readonly deaths?: number;
  /**
   * Whether `read` and `write` of cells by name take no step of their own but belong to the one before. Fewer states; to be used where another
   * model has each as a step.
   */
  readonly coarse?: boolean;
  /** Gives up beyond that many states. Default 2,000,000. */
  readonly maxStates?: number;
}

interface ActorState {
  local: Json;
  /** Results of the steps taken in the current activity. */
  log: Json[];
  /** The next step; undefined: the actor has ended or died. */
  next: Pending | undefined;
}

type Pending =
  | { readonly kind: 'do'; readonly label: string }
  | { readonly kind: 'choose'; readonly label: string; readonly count: number }
  | { readonly kind: 'receive'; readonly label: string; readonly queue: string }
  | { readonly kind: 'wait'; readonly label: string; readonly cell: string };

export interface World<Ghost> {
  cells: Record<string, number>;
  queues: Record<string, Json[]>;
  ghost: Ghost;
  actors: ActorState[];
  deaths: number;
}

/** What an activity may do besides `Atomics`. */
export interface Steps<Ghost> {
  /** Reads a cell, in one step. */
  read(cell: string): number;
  /** Writes a cell, in one step. */
  write(cell: string, value: number): void;
  /** Sends, in one step. */
  send(queue: string, message: Json): void;
  /** Waits for a message, and takes it in one step. */
  receive(queue: string): Json;
  /** Takes all messages, in one step; those that have the key `except` stay. */
  drain(queue: string, except?: string): Json[];
  /** Any number from 0 to count - 1. */
  choose(count: number, label: string): number;
  /** Notes history, in the same step as what came before. */
  note(change: (ghost: Ghost, world: World<Ghost>) => void): void;
  /** A rule is broken if the condition does not hold. */
  check(condition: boolean, rule: string): void;
}

export interface Explored {
  readonly states: number;
  readonly steps: number;
  readonly ends: number;
}

/** A rule does not hold. `message` has the steps that lead there. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Thrown through the activity when it reaches a step that it may not take yet. */
const paused = Symbol('paused');

class Run<Ghost> implements Steps<Ghost> {
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
    this.#live = granted === undefined;
  }

  #step(pending: Pending, take: (alternative: number) => Json | typeof paused, free = false): Json {
    const { log } = this.actor;
    if (this.#at < log.length) return log[this.#at++]!;
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

class Explorer<Ghost> {
  readonly #model: Model<Ghost>;
  readonly #index = new Map<string, number>();
  readonly #states: string[] = [];
  readonly #parents: number[] = [];
  readonly #labels: string[] = [];
  /** Strong steps backwards: pairs of (to, from). */
  readonly #edges: number[] = [];
  readonly #ends: number[] = [];
  #steps = 0;

  constructor(model: Model<Ghost>) {
    this.#model = model;
  }

  explore(): Explored {
    const { cells, queues, ghost, actors } = this.#model;
    const first: World<Ghost> = {
      cells: { ...cells },
      queues: Object.fromEntries(queues.map((name) => [name, []])),
      ghost: structuredClone(ghost),
      actors: actors.map(({ local }) => ({ local: local as Json, log: [], next: undefined })),
      deaths: 0,
    };
    for (const i of actors.keys()) this.#advance(first, i, undefined);
    this.#visit(first, -1, '', true);
    const { maxStates = 2_000_000 } = this.#model;
    for (let at = 0; at < this.#states.length; at++) {
      this.#expand(at);
      if (this.#states.length > maxStates) throw new Error(`more than ${maxStates} states`);
    }
    this.#checkEnds();
    return { states: this.#states.length, steps: this.#steps, ends: this.#ends.length };
  }

  /** Runs an actor for the one step that is granted, and on to its next one. Returns what the step was. */
  #advance(world: World<Ghost>, i: number, granted: number | undefined): string {
    const actor = world.actors[i]!;
    const { activity } = this.#model.actors[i]!;
    const run = new Run(this.#model, world, actor, granted);
    const real = globalThis.Atomics;
    globalThis.Atomics = run.atomics as unknown as typeof Atomics;
    try {
      for (;;) {
        // A copy, so that an activity cannot change its local state and then be run again on it.
        const local = activity(structuredClone(actor.local), run);
        run.begin();
        if (local === undefined) {
          actor.next = undefined;
          break;
        }
        actor.local = local;
      }
    } catch (error) {
      if (error instanceof Violation)
        error.message = `${error.message} (by ${this.#model.actors[i]!.name}: ${run.taken})`;
      if (error !== paused) throw error;
    } finally {
      globalThis.Atomics = real;
    }
    return run.taken;
  }

  #expand(at: number): void {
    const text = this.#states[at]!;
    const world = JSON.parse(text) as World<Ghost>;
    for (const [i, { next }] of world.actors.entries()) {
      if (next === undefined) continue;
      const { name, died } = this.#model.actors[i]!;
      const take = (granted: number | undefined, strong: boolean, before?: (copy: World<Ghost>) => void) => {
        const copy = JSON.parse(text) as World<Ghost>;
        let label = '';
        try {
          before?.(copy);
          label = this.#advance(copy, i, granted);
        } catch (error) {
          if (error instanceof Violation) throw this.#violation(error.message, at);
          throw error;
        }
        this.#visit(copy, at, `${name}: ${label || next.label}`, strong);
      };
      switch (next.kind) {
        case 'do':
          // A woken sleeper has its result in its log already.
          if (next.label === 'woken') take(undefined, true);
          else take(0, true);
          break;
        case 'choose':
          for (let alternative = 0; alternative < next.count; alternative++) take(alternative, true);
          break;
        case 'receive':
          if (world.queues[next.queue]!.length > 0) take(0, true);
          break;
        case 'wait':
          if (next.label.startsWith('wait (limited)')) {
            take(undefined, false, (copy) => {
              copy.actors[i]!.log.push('timed-out');
            });
          }
          break;
      }
      if (died !== undefined && world.deaths < (this.#model.deaths ?? 0)) {
        const copy = JSON.parse(text) as World<Ghost>;
        copy.actors[i] = { local: null, log: [], next: undefined };
        copy.deaths += 1;
        died(copy);
        this.#visit(copy, at, `${name} dies`, false);
      }
    }
  }

  #visit(world: World<Ghost>, parent: number, label: string, strong: boolean): void {
    this.#steps += 1;
    const key = JSON.stringify(world);
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.#states.length;
      this.#index.set(key, index);
      this.#states.push(key);
      this.#parents.push(parent);
      this.#labels.push(label);
      const broken = this.#model.invariant?.(world);
      if (broken !== undefined) throw this.#violation(broken, index);
      if (this.#model.ended(world)) this.#ends.push(index);
    }
    if (strong && parent >= 0) this.#edges.push(index, parent);
  }

  /** From every state an end must be reachable by strong steps. */
  #checkEnds(): void {
    const count = this.#states.length;
    const start = new Int32Array(count + 1);
    for (let i = 0; i < this.#edges.length; i += 2) start[this.#edges[i]! + 1]! += 1;
    for (let i = 0; i < count; i++) start[i + 1]! += start[i]!;
    const from = new Int32Array(this.#edges.length / 2);
    const fill = start.slice();
    for (let i = 0; i < this.#edges.length; i += 2) from[fill[this.#edges[i]!]!++] = this.#edges[i + 1]!;
    const good = new Uint8Array(count);
    const open = [...this.#ends];
    for (const end of open) good[end] = 1;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (let i = start[at]!; i < start[at + 1]!; i++) {
        const before = from[i]!;
        if (good[before] === 1) continue;
        good[before] = 1;
        open.push(before);
      }
    }
    const lost = good.indexOf(0);
    if (lost >= 0) throw this.#violation('no end can be reached from here without time running out', lost);
  }

  #violation(rule: string, at: number): Violation {
    const labels: string[] = [];
    for (let i = at; i > 0; i = this.#parents[i]!) labels.push(this.#labels[i]!);
    const trace = labels.reverse().map((label, i) => `${String(i + 1).padStart(4)}  ${label}`);
    return new Violation(`${rule}\n${trace.join('\n')}\n  state: ${this.#states[at]}`);
  }
}

/** @throws Violation with a shortest counterexample */
export function explore<Ghost>(model: Model<Ghost>): Explored {
  return new Explorer(model).explore();
}
