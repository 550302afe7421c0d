/**
 * An explicit-state model checker: walks every interleaving of a few actors that share memory and queues,
 * breadth first, so that a counterexample is a shortest one.
 *
 * Actors run real code. Code under test calls the global `Atomics`, which is replaced while a model runs:
 * each call is one step of that actor, and between two steps any other actor may take any number of its own.
 * Since JavaScript cannot be stopped in the middle of a function, an actor is stopped by an exception and
 * later run again from the beginning of its current activity, with the results of the steps that it has
 * already taken (its log) given to it once more. So an activity must depend on nothing but its local state
 * and those results.
 *
 * Checked of every reachable state: the invariant; and that an end is reachable without weak steps (time
 * running out). A lost wake-up, a deadlock and a livelock are all states without such a way.
 */
import { type ActorState, type Json, type Model, type Pending, Violation, type World } from './model.js';
import { paused, Run } from './run.js';

export interface Explored {
  readonly states: number;
  readonly steps: number;
  readonly ends: number;
}

/** A copy of what JSON can say. */
function clone<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(clone) as T;
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = clone(value[key]);
  return copy as T;
}

/** Of `local` states and messages nobody changes the inside: worlds share them. */
function copyOf<Ghost>({ cells, queues, ghost, actors, deaths }: World<Ghost>): World<Ghost> {
  const copies: Record<string, Json[]> = {};
  for (const name in queues) copies[name] = queues[name]!.slice();
  const copyOfActor = ({ local, log, next }: ActorState) => ({ local, log: log.slice(), next });
  return {
    cells: { ...cells },
    queues: copies,
    ghost: clone(ghost),
    actors: actors.map(copyOfActor),
    deaths,
  };
}

/** Numbers for what states consist of: most have most parts in common with others. */
class Parts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #known = new WeakMap<object, number>();

  /** Tells the state from all others. */
  keyOf<Ghost>({ cells, queues, ghost, actors, deaths }: World<Ghost>): string {
    let key = `${deaths} ${this.#number(cells)} ${this.#number(queues)} ${this.#number(ghost)}`;
    for (const { local, log, next } of actors)
      key += ` ${this.#numberOfShared(local)} ${this.#number(log)} ${this.#numberOfShared(next ?? null)}`;
    return key;
  }

  /** What people can read of a state. */
  textOf(key: string): string {
    const [deaths, ...numbers] = key.split(' ');
    return `deaths ${deaths}\n${numbers.map((number) => this.#texts[Number(number)]).join('\n')}`;
  }

  #number(part: unknown): number {
    const text = JSON.stringify(part);
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.push(text) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }

  #numberOfShared(part: Json | Pending): number {
    if (typeof part !== 'object' || part === null) return this.#number(part);
    let number = this.#known.get(part);
    if (number === undefined) {
      number = this.#number(part);
      this.#known.set(part, number);
    }
    return number;
  }
}

class Explorer<Ghost> {
  readonly #model: Model<Ghost>;
  readonly #index = new Map<string, number>();
  readonly #states: string[] = [];
  readonly #parts = new Parts();
  /** Of the states that are still to be expanded. */
  readonly #worlds: (World<Ghost> | undefined)[] = [];
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
        const local = activity(clone(actor.local), run);
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
    const world = this.#worlds[at]!;
    this.#worlds[at] = undefined;
    for (const [i, { next }] of world.actors.entries()) {
      if (next === undefined) continue;
      const { name, died } = this.#model.actors[i]!;
      const take = (granted: number | undefined, strong: boolean, before?: (copy: World<Ghost>) => void) => {
        const copy = copyOf(world);
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
        const copy = copyOf(world);
        copy.actors[i] = { local: null, log: [], next: undefined };
        copy.deaths += 1;
        died(copy);
        this.#visit(copy, at, `${name} dies`, false);
      }
    }
  }

  #visit(world: World<Ghost>, parent: number, label: string, strong: boolean): void {
    this.#steps += 1;
    const key = this.#parts.keyOf(world);
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.#states.length;
      this.#index.set(key, index);
      this.#states.push(key);
      this.#worlds.push(world);
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
    return new Violation(`${rule}\n${trace.join('\n')}\n  state: ${this.#parts.textOf(this.#states[at]!)}`);
  }
}

/** @throws Violation with a shortest counterexample */
export function explore<Ghost>(model: Model<Ghost>): Explored {
  return new Explorer(model).explore();
}
