/**
 * The messages between the main thread and a worker: everything that does not fit a slot of the window. The
 * slots alone decide order and ownership. Used by both sides.
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { Failure } from '../errors/failure.js';

/** A task, as it is sent to a worker once, ahead of its first use. After that its id is enough. */
export type TaskDefinition = InlineDefinition | ModuleDefinition;

/** A function sent as source text. */
export interface InlineDefinition {
  readonly kind: 'inline';
  readonly id: number;
  /** For messages: the function's name, or `(anonymous)`. */
  readonly name: string;
  /** An expression that evaluates to the function. */
  readonly source: string;
  /** File URL from which `require` and `import()` inside the function resolve: the program's entry file. */
  readonly base: string;
  /** Whether the function comes from non-strict code. */
  readonly sloppy: boolean;
  /** Compilers' helpers that it uses, by name, as in `__name`. The worker supplies them. */
  readonly helpers: readonly string[];
}

/** Address of a module. */
export interface ModuleAddress {
  /** For messages. */
  readonly name: string;
  /** What to `import()`: a URL, or a package's name with or without a subpath. */
  readonly url: string;
  /** File URL from which a package's name is resolved: the program's entry file. */
  readonly base: string;
}

/** A task that is an export of a module. Its name is the last part of the URL, `#`, and the export's path. */
export interface ModuleDefinition extends ModuleAddress {
  readonly kind: 'module';
  readonly id: number;
  /** Path to the function from the module's namespace, as in `['image', 'resize']`. */
  readonly path: readonly string[];
}

/** How many values of a stream may be on the way before the caller has taken the first. */
export const FIRST_CREDIT = 16;

/** Keys from the whole message down to a part of it. */
export type Path = readonly string[];

/** An error in a message, and all of it that structured clone does not keep. */
export interface ErrorDetails {
  readonly error: Error;
  readonly details: Failure;
  /** Its cause, if that was taken out: it refers to the error itself, which older versions of V8 cannot read. */
  readonly cause?: unknown;
}

/** A small map of strings that travels with a request, as in `{ traceparent: '00-…' }`. */
export type Carrier = Readonly<Record<string, string>>;

/** Where the thread must put an AbortSignal. */
export interface SignalPlace {
  readonly paths: readonly Path[];
  /** The reason, if it has been aborted already. */
  readonly reason: Failure | undefined;
}

/** From the main thread to a worker. */
export type ToWorker =
  | { readonly type: 'ring' }
  | { readonly type: 'define'; readonly definition: TaskDefinition }
  | { readonly type: 'forget'; readonly ids: readonly number[] }
  /** Memory for counting times of runs of that task; see `tally.ts`. Sent when the task has been defined. */
  | { readonly type: 'tally'; readonly task: number; readonly memory: SharedArrayBuffer }
  | { readonly type: 'share'; readonly number: number; readonly buffer: SharedArrayBuffer }
  /** Memory for results. Sent once at most. */
  | { readonly type: 'results'; readonly buffer: SharedArrayBuffer }
  | { readonly type: 'unshare'; readonly numbers: readonly number[] }
  | { readonly type: 'drop'; readonly sendings: readonly number[] }
  | { readonly type: 'abort'; readonly id: number; readonly reason: Failure }
  | {
      readonly type: 'signal';
      readonly sending: number;
      /** Which of that message's signals is aborted. */
      readonly index: number;
      readonly reason: Failure;
    }
  | { readonly type: 'credit'; readonly id: number; readonly values: number }
  | { readonly type: 'return'; readonly id: number }
  | { readonly type: 'ping' }
  | { readonly type: 'call' }
  /** Begins a CPU profile. `interval` is the time between two samples, in µs. */
  | { readonly type: 'profile'; readonly number: number; readonly interval: number }
  | { readonly type: 'endProfile'; readonly number: number }
  | { readonly type: 'retire' };

/**
 * The arguments of a request whose slot says `byMessage`. Sent before the slot is posted, through a port of
 * their own (see `workers/input/arguments.ts`), so there is no order between them and the messages
 * `ToWorker`.
 */
export interface ArgumentsMessage {
  readonly id: number;
  /** Number of this message within its worker, counted from 1. The slot carries it, too. */
  readonly sending: number;
  values: readonly unknown[];
  /** The values as bytes, instead of `values`: see `src/values/tree-format.ts`. */
  tree: ArrayBuffer | undefined;
  /** The views in it that were Buffers: structured clone makes Uint8Arrays of them. */
  readonly buffers: readonly ArrayBufferView[] | undefined;
  /** AbortSignals that were taken out, for the thread to put in its own. */
  readonly signals: readonly SignalPlace[] | undefined;
  readonly errors: readonly ErrorDetails[] | undefined;
  /** The value of the `context` option. */
  readonly context: unknown;
  /** For the context of the run; see `restoreContext` in `workers/task.ts`. */
  readonly carrier: Carrier | undefined;
  /**
   * What was transferred. It exists in the thread alone, which sends it back if it ends without starting the
   * request.
   */
  readonly transferred: readonly Transferable[] | undefined;
}

/** A value in a message, with what structured clone does not keep of it; see `src/values/carried.ts`. */
export interface CarriedValue {
  value: unknown;
  /** Plain data as bytes, instead of `value`: see `src/values/tree-format.ts`. */
  tree: ArrayBuffer | undefined;
  /** The views in the value that were Buffers. */
  readonly buffers: readonly ArrayBufferView[] | undefined;
  readonly errors: readonly ErrorDetails[] | undefined;
}

/** From a worker to the main thread. */
export type ToMain =
  /** Not an object, which would take longer to write and to read: most of all messages are this one. */
  | 'wake'
  | { readonly type: 'ready' }
  /** A module to be preloaded does not load. */
  | { readonly type: 'unready'; readonly reason: Failure }
  /** For want of file descriptors it cannot load the function of what it has claimed: another has to. */
  | { readonly type: 'spent'; readonly reason: Failure }
  /** It has nothing left to run, and calls `teardown` of its modules; with a reason: that has failed. */
  | { readonly type: 'teardown'; readonly reason: Failure | undefined }
  /** The answer to `call`. */
  | { readonly type: 'here' }
  /** The end of a CPU profile: its JSON, or why there is none. */
  | {
      readonly type: 'profiled';
      readonly number: number;
      readonly profile: string | undefined;
      readonly why: string | undefined;
    }
  | ResultMessage
  | OutcomeMessage
  /**
   * A chunk goes on, and outcomes of its first `count` items have been published. Later ones may be there, too, but not
   * yet what these items have printed.
   */
  | { readonly type: 'progressed'; readonly id: number; readonly count: number }
  | { readonly type: 'returned'; readonly arguments: ArgumentsMessage }
  | {
      readonly type: 'output';
      readonly stream: 'stdout' | 'stderr';
      readonly chunk: Uint8Array;
      /** The request that was running, or the item of it; 0: none. */
      readonly id: number;
    }
  | ProgressMessage;

/** A progress value, or one that a stream yields. */
export interface ProgressMessage extends CarriedValue {
  readonly type: 'progress' | 'yielded';
  readonly id: number;
}

/**
 * The result, or Failure, of a request whose completion slot says `byMessage`. Sent before the slot is
 * published.
 */
export interface ResultMessage extends CarriedValue {
  readonly type: 'result';
  readonly id: number;
  readonly failure: Failure | undefined;
}

/**
 * The result, or Failure, of one item of a chunk, if the chunk's memory cannot carry it. Sent before the
 * outcome is published.
 */
export interface OutcomeMessage extends CarriedValue {
  readonly type: 'outcome';
  /** Id of the chunk. */
  readonly id: number;
  readonly index: number;
  readonly failure: Failure | undefined;
}

/** Texts in the memory of a chunk. They are in groups, each written and read at once. */
export interface PackedTexts {
  /** Where each text ends, in characters from the beginning of its group. */
  readonly ends: Uint32Array;
  /**
   * Three numbers for each group: the texts up to its end, its place in memory in bytes, and 1 if its
   * characters have 16 bits.
   */
  readonly groups: readonly number[];
}

/** The items of a chunk. */
export type PackedItems =
  /** All strings. */
  | ({ readonly form: 'text' } & PackedTexts)
  | { readonly form: 'numbers'; readonly numbers: Int32Array | Float64Array }
  /** No objects. */
  | { readonly form: 'values'; readonly values: readonly unknown[] }
  /** Plain data: JSON of each. */
  | ({ readonly form: 'json' } & PackedTexts);

/** The only value in the arguments message of a chunk. */
export interface ChunkPayload {
  readonly count: number;
  readonly items: PackedItems;
  /** Memory for the outcomes, up to that byte; then for texts of items. */
  readonly memory: SharedArrayBuffer;
  readonly outcomesEnd: number;
  /** Time after which no further item is started, in ms. */
  readonly limit: number;
  /** Items that may be run; `Infinity`: all. Set anew for each worker that gets the chunk. */
  most: number;
  /** Memory for the run time of each item, in ms, as a Float32Array; `undefined`: nobody wants to know. */
  readonly times: SharedArrayBuffer | undefined;
}

/** The settings a thread is started with. */
export interface WorkerInit {
  readonly port: MessagePort;
  /** For arguments alone. */
  readonly argumentsPort: MessagePort;
  readonly window: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  readonly capacity: number;
  /** How long the worker may spin for the next request, in ms. */
  readonly spin: number;
  /** See `SpinPermits`; shared by all workers of the Balancer. */
  readonly spinners: SharedArrayBuffer;
  /** The worker's id within its Balancer. */
  readonly id: number;
  /** Name of the thread. */
  readonly name: string;
  /** The number of its place; see `WorkerSetup`. */
  readonly slot: number;
  /** Modules to load before the worker reports ready. */
  readonly preload: readonly ModuleAddress[];
  /** Compilers that the program has hooked into `require`: files to load before modules in TypeScript. */
  readonly requireHooks: readonly string[];
  /** Requests wait for this worker: it may report ready as soon as requests can be sent to it. */
  readonly isAwaited: boolean;
  /** Whether the worker reports the size of its heap. */
  readonly watchHeap: boolean;
  /** How long the `teardown` of its modules may take, in ms; `Infinity`: no limit. */
  readonly teardownLimit: number;
}
