/** What a model consists of; see `explorer.ts`. */

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
  /**
   * Every cell of shared memory with its first value. `Atomics` reaches the cell `<name>.<index>` of a buffer
   * named in `buffers`.
   */
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
   * Whether `read` and `write` of cells by name take no step of their own but belong to the one before. Fewer
   * states; to be used where another model has each as a step.
   */
  readonly coarse?: boolean;
  /** Gives up beyond that many states. Default 2,000,000. */
  readonly maxStates?: number;
}

export interface ActorState {
  local: Json;
  /** Results of the steps taken in the current activity. */
  log: Json[];
  /** The next step; undefined: the actor has ended or died. */
  next: Pending | undefined;
}

export type Pending =
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
  /** Takes the first message, in one step, if there is one; else null. */
  poll(queue: string): Json;
  /** Takes all messages, in one step; those that have the key `except` stay. */
  drain(queue: string, except?: string): Json[];
  /** Any number from 0 to count - 1. */
  choose(count: number, label: string): number;
  /** Notes history, in the same step as what came before. */
  note(change: (ghost: Ghost, world: World<Ghost>) => void): void;
  /** A rule is broken if the condition does not hold. */
  check(condition: boolean, rule: string): void;
}

/** A rule does not hold. `message` has the steps that lead there. */
export class Violation extends Error {
  override readonly name = 'Violation';
}
